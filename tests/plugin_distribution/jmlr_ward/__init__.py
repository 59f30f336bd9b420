"""One plugin of every kind, and a command."""

from jmlr_cli.hookspecs import hookimpl


@hookimpl
def jmlr_retrievers(register):
    register("ward-words", "jmlr_ward.retriever:WardWords", "vectors of words, learned from nothing")


@hookimpl
def jmlr_generators(register):
    register("ward-llama", "jmlr_ward.generator:WardLlama", "a Llama that is asked on a ward round")


@hookimpl
def jmlr_objectives(register):
    register("ward-margin", "jmlr_ward.objective:WardMargin", "the better passage stands a margin above the worse")


@hookimpl
def jmlr_tasks(register):
    register("ward-round", "jmlr_ward.task:WardRound", "four questions of a ward round")


@hookimpl
def jmlr_readers(register):
    register("ward-note", "jmlr_ward.reader:WardNoteReader", ".note")


@hookimpl
def jmlr_commands(register):
    register("ward", "jmlr_ward.command:app", "Look around on the ward.")
    register("ward-lost", "jmlr_ward.no_such_module:app", "A command whose module is not there.")

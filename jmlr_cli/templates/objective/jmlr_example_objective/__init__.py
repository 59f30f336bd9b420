"""An objective for jmlr."""

from jmlr_cli.hookspecs import hookimpl


@hookimpl
def jmlr_objectives(register):
    register("example-objective", "jmlr_example_objective.objective:ExampleObjective", "cross-entropy with the LLM's choice")

"""A retriever for jmlr."""

from jmlr_cli.hookspecs import hookimpl


@hookimpl
def jmlr_retrievers(register):
    register("example-retriever", "jmlr_example_retriever.retriever:ExampleRetriever", "words shared with the question")

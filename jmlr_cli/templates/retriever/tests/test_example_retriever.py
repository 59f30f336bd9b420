"""The plugin does what jmlr asks of every retriever, and of every plugin."""

from jmlr_example_retriever.retriever import ExampleRetriever

from jmlr_cli.testing import PluginSuite, RetrieverSuite


class TestExampleRetriever(RetrieverSuite):
    plugin = ExampleRetriever


class TestPlugin(PluginSuite):
    distribution = "jmlr-example-retriever"

"""The plugin does what jmlr asks of every reader, and of every plugin."""

from jmlr_example_reader.reader import ExampleReader

from jmlr_cli.testing import PluginSuite, ReaderSuite


class TestExampleReader(ReaderSuite):
    plugin = ExampleReader
    content = b"Gout\nA disease of joints.\nTreatment:\nColchicine or naproxen.\n"
    words = ("Gout", "joints", "Treatment", "Colchicine")


class TestPlugin(PluginSuite):
    distribution = "jmlr-example-reader"

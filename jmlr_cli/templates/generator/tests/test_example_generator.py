"""The plugin does what jmlr asks of every generator that tells likelihoods, and of every plugin."""

from jmlr_example_generator.generator import ExampleGenerator

from jmlr_cli.testing import LikelihoodSuite, PluginSuite


class TestExampleGenerator(LikelihoodSuite):
    plugin = ExampleGenerator
    short_context = 40


class TestPlugin(PluginSuite):
    distribution = "jmlr-example-generator"

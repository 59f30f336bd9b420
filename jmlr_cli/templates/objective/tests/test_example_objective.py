"""The plugin does what jmlr asks of every objective, and of every plugin."""

from jmlr_example_objective.objective import ExampleObjective

from jmlr_cli.testing import ObjectiveSuite, PluginSuite


class TestExampleObjective(ObjectiveSuite):
    plugin = ExampleObjective


class TestPlugin(PluginSuite):
    distribution = "jmlr-example-objective"

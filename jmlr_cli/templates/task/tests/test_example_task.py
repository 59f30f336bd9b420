"""The plugin does what jmlr asks of every task, and of every plugin."""

from jmlr_example_task.task import ExampleTask

from jmlr_cli.testing import PluginSuite, TaskSuite


class TestExampleTask(TaskSuite):
    plugin = ExampleTask
    splits = ("train", "test")


class TestPlugin(PluginSuite):
    distribution = "jmlr-example-task"

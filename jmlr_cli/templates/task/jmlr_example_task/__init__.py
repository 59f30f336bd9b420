"""A question set for jmlr."""

from jmlr_cli.hookspecs import hookimpl


@hookimpl
def jmlr_tasks(register):
    register("example-task", "jmlr_example_task.task:ExampleTask", "questions of our own")

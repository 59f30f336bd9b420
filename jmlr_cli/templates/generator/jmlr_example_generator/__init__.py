"""A generator for jmlr."""

from jmlr_cli.hookspecs import hookimpl


@hookimpl
def jmlr_generators(register):
    register("example-generator", "jmlr_example_generator.generator:ExampleGenerator", "quotes the sentence that fits best")

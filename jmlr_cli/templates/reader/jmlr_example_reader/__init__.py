"""A document reader for jmlr."""

from jmlr_cli.hookspecs import hookimpl


@hookimpl
def jmlr_readers(register):
    register("example-reader", "jmlr_example_reader.reader:ExampleReader", ".example-reader")

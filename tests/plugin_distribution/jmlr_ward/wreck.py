"""A plugin that cannot be loaded."""

raise RuntimeError("the ward is closed")

"""Question sets, read from files of any known format or from a task."""

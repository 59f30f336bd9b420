"""One module a command: parse, call the room, render."""

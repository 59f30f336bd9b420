"""Runs commands and draws what a terminal shows of them, for the picture in README.md.

python docs/record.py terminal.svg 'jmlr index guidelines/' 'jmlr ask "What treats gout?"'
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100
FONT_FROM_ELSEWHERE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def main(arguments: list[str]) -> int:
    """Write the picture; the exit code of the first command that fails, or 0."""
    into, *commands = arguments
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for number, command in enumerate(commands):
        console.print(("\n" if number else "") + f"[bold green]$[/] [bold]{command}[/]", highlight=False)
        environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
        done = subprocess.run(["bash", "-c", command], env=environment, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            return done.returncode
        console.print(Text.from_ansi(done.stdout.rstrip().replace(str(Path.cwd()), "~/work")))
    Path(into).write_text(FONT_FROM_ELSEWHERE.sub("", console.export_svg(title="jmlr")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

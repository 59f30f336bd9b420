"""`jmlr chat`, through a pipe and at a real terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

COMMAND = [str(Path(sys.executable).with_name("jmlr")), "chat", "--max-new-tokens", "12", "-k", "2"]


def environment(**more: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if key not in ("JMLR_HOME", "NO_COLOR", "FORCE_COLOR")}
    return {**clean, "HF_HUB_OFFLINE": "1", "COLUMNS": "120", "TERM": "xterm", **more}


def piped(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND, cwd=folder, env=environment(), input=text, capture_output=True, text=True, timeout=300, check=False
    )


def test_a_pipe_is_answered_line_by_line(clinic):
    done = piped(clinic.folder, "What treats gout?\n\n/sources\nAnd in children?\n/new\n/what\n/sources\n/quit\nnever asked\n")
    assert done.returncode == 0, done.stderr
    single = clinic.jmlr("ask", "What treats gout?", "-k", "2", "--max-new-tokens", "12").out.splitlines()[0]
    assert done.stdout.splitlines()[0] == single
    assert len(re.findall(r"^\[1\] .+ score", done.stdout, re.M)) >= 1
    assert "\x1b" not in done.stdout
    assert "there is no such command" in done.stderr
    assert "nothing has been asked yet" in done.stderr


def test_a_mistake_in_a_pipe_ends_it_with_its_exit_code(clinic):
    done = piped(clinic.folder, "gout " * 3000 + "\nWhat treats gout?\n")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "does not fit" in done.stderr
    assert "Traceback" not in done.stderr


class Terminal:
    """`jmlr chat` at a pseudo-terminal of its own."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.screen, (self.master, slave) = "", pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            [*COMMAND[:2], "--max-new-tokens", "3000"], cwd=folder, env=environment(**more), stdin=slave, stdout=slave,
            stderr=slave, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip

    def until(self, pattern: str) -> None:
        """Read until the screen shows ``pattern`` after what was seen before."""
        assert self.shows(pattern, 120), f"no {pattern!r} in {self.screen[self.seen :]!r}"

    def shows(self, pattern: str, seconds: float) -> bool:
        """Whether the screen shows ``pattern`` after what was seen before, within so long."""
        os.set_blocking(self.master, False)
        self.seen = getattr(self, "seen", 0)
        for _ in range(int(seconds * 20)):
            found = re.compile(pattern).search(self.screen, self.seen)
            if found:
                self.seen = found.end()
                return True
            try:
                self.screen += os.read(self.master, 65536).decode(errors="replace")
            except (BlockingIOError, OSError):
                time.sleep(0.05)
        return False

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())


@pytest.fixture
def terminal(clinic):
    opened = []

    def start(**more: str) -> Terminal:
        opened.append(Terminal(clinic.folder, **more))
        return opened[-1]

    yield start
    for one in opened:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGKILL)
        one.process.wait(10)
        os.close(one.master)
        os.close(one.slave)


def test_at_a_terminal_ctrl_c_stops_an_answer_and_ctrl_d_leaves_it_as_it_was(terminal):
    chat = terminal()
    chat.until("/help")
    chat.until("> ")
    for _ in range(60):  # input() begins to listen a little after it has shown its prompt
        chat.type("\x03")
        if chat.shows("Ctrl-D leaves", 2):
            break
    assert "Ctrl-D leaves" in chat.screen
    chat.type("What treats gout?\r")
    chat.until(r"gout\?\r\n(.|\n){12}")
    chat.type("\x03")
    chat.until("stopped")
    chat.until("> ")
    chat.type("gout " * 780 + "\r")
    chat.until("error.*does not fit")
    chat.until("> ")
    chat.type("/sources\r")
    chat.until(r"score")
    chat.until("> ")
    chat.type("\x04")
    assert chat.process.wait(60) == 0
    assert termios.tcgetattr(chat.slave) == chat.before
    assert "Traceback" not in chat.screen
    assert re.search(r"\x1b\[[\d;]*m", chat.screen)


def test_without_colour_when_asked(terminal):
    chat = terminal(NO_COLOR="1")
    chat.until("> ")
    chat.type("/help\r")
    chat.until("/quit")
    chat.until("> ")
    chat.type("/quit\r")
    assert chat.process.wait(60) == 0
    assert not re.search(r"\x1b\[[\d;]*3\dm", chat.screen)

"""No text, whoever wrote it, steers the terminal that shows it."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from jmlr_cli import console
from jmlr_cli.plain import UNSAFE, plain, plain_json
from tests.thorough import thoroughly

CODES = "\x1b[2J\x1b]0;title\x07\x9b31m\x1b[8m\x08\x7f\u202egnp.exe\u2066\u200f\x85\u2028\x1b]8;;http://evil\x1b\\"
OWN = re.compile(r"\x1b\[[\d;]*m|\r?\x1b\[(\?25[lh]|1?A|2K)")
"""The codes with which rich colours text, and with which its bar hides the cursor, goes up and clears its line."""


def obeyed(shown: str) -> list[str]:
    """What a terminal would obey in a text, rich's own codes aside."""
    return UNSAFE.findall(OWN.sub("", shown))


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(
    "renderable",
    [CODES, Text(CODES), f"[bold]{CODES}[/bold]", [CODES], {"key": CODES}, Table(CODES, title=CODES)],
    ids=["text", "Text", "markup", "list", "dict", "table"],
)
def test_whatever_is_printed_no_code_of_it_reaches_the_screen(terminal, renderable):
    screen = console._console(file=io.StringIO(), force_terminal=terminal, width=80, highlight=False)
    if isinstance(renderable, Table):
        renderable.add_row(CODES)
    screen.print(renderable, markup=False)
    screen.print(renderable, style="dim", soft_wrap=True, end="", markup=False)
    shown = screen.file.getvalue()
    assert "[2J" in shown
    assert obeyed(shown) == []


def test_no_bar_nor_notice_nor_warning_shows_a_code(monkeypatch):
    screen = console._console(file=io.StringIO(), force_terminal=True, width=300, highlight=False)
    monkeypatch.setattr(console, "err", lambda: screen)
    monkeypatch.setattr(logging, "lastResort", None)
    console.show_warnings()
    logging.lastResort.handle(logging.makeLogRecord({"msg": "%s is too long", "args": (CODES,), "levelno": logging.WARNING}))
    console.notice(CODES)
    with console.progress_bar(CODES) as progress:
        progress(1, 2, f"note {CODES}")
    shown = screen.file.getvalue()
    assert "is too long" in shown
    assert obeyed(shown) == []


@given(st.text() | st.text(alphabet=CODES + "ab \n\t\ud800"))
def test_json_shows_no_code_and_keeps_its_meaning(text):
    written = plain_json(json.dumps({"a": text}, ensure_ascii=False))
    assert not UNSAFE.search(written)
    written.encode()
    assert json.loads(written) == json.loads(json.dumps({"a": text}))


@pytest.mark.parametrize("text", ["5\u00a0mg", "10\u2009000", "می\u200cخواهم", "👩\u200d⚕️", "naïve café ≥ 5 µg", "a\tb\nc"])
def test_text_that_people_write_is_shown_as_it_is(text):
    assert plain(text) == text


@pytest.fixture
def hostile(tmp_path):
    """Guidelines whose names, titles and texts hold codes, and questions that do."""
    folder = tmp_path / "guidelines"
    folder.mkdir()
    (folder / f"gout{CODES.replace('/', '')}.md").write_text(f"# Gout {CODES}\n\nColchicine {CODES} treats gout.\n")
    (folder / f"bad{CODES.replace('/', '')}.bin").write_text("x")
    (folder / "fever.md").write_text("# Fever\n\nParacetamol lowers a fever.\n")
    question = {"id": CODES, "question": f"What treats gout? {CODES}", "options": {"A": CODES, "B": "Iron"}, "answer_idx": "A"}
    (tmp_path / "q.jsonl").write_text(json.dumps({**question, "subset": CODES}) + "\n")
    (tmp_path / f"r{CODES.replace('/', '')}.yaml").write_text(f"extends: tiny\ndescription: {json.dumps(CODES)}\n")
    return tmp_path


@pytest.mark.parametrize("colours", [thoroughly({}), {"FORCE_COLOR": "1", "TERM": "xterm-256color"}], ids=["plain", "coloured"])
def test_no_command_shows_a_code(hostile, forks, colours):
    recipe = next(hostile.glob("r*.yaml")).name
    commands = [
        (0, "index", "guidelines", "--recipe", "tiny"),
        (0, "index", "guidelines", "--recipe", "tiny", "--json"),
        (0, "search", f"gout {CODES}"),
        (0, "search", "gout", "--json"),
        (0, "ask", f"What treats gout? {CODES}", "--recipe", "tiny"),
        (0, "ask", "What treats gout?", "--recipe", "tiny", "--json"),
        (0, "eval", "q.jsonl", "--recipe", "tiny"),
        (0, "recipes", "show", recipe),
        (0, "train", "--recipe", recipe, "--dry-run", "--set", "data.train=q.jsonl"),
        (3, "index", f"none{CODES}"),
        (3, "index", f"none{CODES}", "--json"),
        (3, "search", "gout", "--index", CODES),
        (3, "ask", "gout?", "--run", CODES),
        (3, "recipes", "show", CODES),
        (3, "recipes", "show", "tiny", "--set", f"training.{CODES}=1"),
        (3, "eval", CODES, "--recipe", "tiny"),
        (4, "models", "pull", CODES),
        (2, "search", "gout", f"--{CODES}"),
        (2, CODES),
    ]
    for code, *arguments in commands:
        done = forks(hostile, *arguments, **colours)
        assert done.code == code, (arguments, done.err)
        assert obeyed(done.out) == [], arguments
        assert obeyed(done.err) == [], arguments

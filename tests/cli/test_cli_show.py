"""What answers and passages look like on the screen."""

from __future__ import annotations

import pytest

from jmlr_cli import console
from jmlr_cli.commands.show import show_answer, show_cited, show_hits
from jmlr_cli.contracts.values import Hit, Passage

EVIL = "Gout\x1b]0;owned\x07 \x1b[2J\x9b31m [bold]not bold[/bold]"


@pytest.fixture
def screen(monkeypatch, capsys):
    """What a terminal with colours is sent."""
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "100"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    console.out.cache_clear()
    yield lambda: capsys.readouterr().out
    console.out.cache_clear()


def test_citations_are_coloured_and_lead_to_the_passage_of_their_number(screen):
    hits = [Hit(n, 1.0, Passage(str(n), f"{n}.md", f"Title {n}", "Text.", 0)) for n in (1, 2)]
    assert show_answer(iter(["Colchicine treats gout.", " [2]"])) == "Colchicine treats gout. [2]"
    show_cited(hits, (2,))
    answer, source = screen().splitlines()
    assert "\x1b[1;32m[2]\x1b[0m" in answer
    assert source.startswith("\x1b[1;32m[2]\x1b[0m \x1b[1mTitle 2")


def test_no_control_code_of_a_document_or_an_answer_reaches_the_terminal(screen):
    show_answer([EVIL])
    show_hits([Hit(1, 1.0, Passage("p", f"{EVIL}.md", EVIL, EVIL, 0))], (1,), whole=True)
    shown = screen()
    assert "[bold]not bold[/bold]" in shown
    assert not any(code in shown for code in ("\x1b]0", "\x07", "\x1b[2J", "\x9b"))

"""Plugins are found by entry point; a broken one hurts nobody, and two of one name are told apart."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import pytest

from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.plugins import KINDS, Registry, registry

WORKING = """
from jmlr_cli.hookspecs import hookimpl

@hookimpl
def jmlr_retrievers(register):
    register("mine", "jmlr_test_mine:Mine", "a retriever")
    register("bm25", "jmlr_test_mine:Mine", "a rival")
    register("gone", "jmlr_test_mine:NotThere", "its class is missing")

class Mine:
    pass
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name: str, text: str) -> EntryPoint:
        (tmp_path / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
        return EntryPoint(name, name, "jmlr")

    return write


def test_a_third_party_plugin_takes_the_same_path_as_the_built_in_ones(module):
    found = Registry([EntryPoint("builtin", "jmlr_plugins", "jmlr"), module("jmlr_test_mine", WORKING)])
    assert found.get("retriever", "mine").__name__ == "Mine"
    assert found.get("retriever", "colbert").__name__ == "ColBERTRetriever"
    assert [plugin.error for plugin in found.plugins] == ["", ""]


def test_two_plugins_of_one_name_are_an_error_that_names_both(module):
    found = Registry([EntryPoint("builtin", "jmlr_plugins", "jmlr"), module("jmlr_test_mine", WORKING)])
    with pytest.raises(InputError, match=r"2 plugins offer a retriever named 'bm25'.*jmlr_plugins.*jmlr_test_mine"):
        found.get("retriever", "bm25")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError"),
        ("raise RuntimeError('out of order')", "out of order"),
        ("def broken(:", "SyntaxError"),
        ("from jmlr_cli.hookspecs import hookimpl\n@hookimpl\ndef jmlr_no_such_hook(register): pass", "jmlr_no_such_hook"),
        ("from jmlr_cli.hookspecs import hookimpl\n@hookimpl\ndef jmlr_tasks(register): 1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_broken_plugin_is_listed_with_its_error_and_hurts_nobody(module, text, reason):
    found = Registry([module("jmlr_test_broken", text), EntryPoint("builtin", "jmlr_plugins", "jmlr")])
    broken = next(plugin for plugin in found.plugins if plugin.name == "jmlr_test_broken")
    assert reason in broken.error
    assert found.get("retriever", "bm25")
    with pytest.raises(InputError) as caught:
        found.get("retriever", "what-the-broken-one-offers")
    assert "jmlr_test_broken" in caught.value.hint


def test_an_offer_that_cannot_be_imported_says_whose_it_is(module):
    found = Registry([module("jmlr_test_mine", WORKING)])
    with pytest.raises(MissingError, match="'gone' of jmlr_test_mine cannot be imported"):
        found.get("retriever", "gone")


@pytest.mark.parametrize(
    ("text", "reason"), [("import no_such_module_anywhere", "no_such_module_anywhere"), ("1 / 0", "ZeroDivisionError: division")]
)
def test_whatever_an_offer_s_import_raises_is_told(module, tmp_path, text, reason):
    module("jmlr_test_heart", text)
    hook = "def jmlr_tasks(register): register('heart', 'jmlr_test_heart:Heart')"
    found = Registry([module("jmlr_test_body", f"from jmlr_cli.hookspecs import hookimpl\n@hookimpl\n{hook}")])
    with pytest.raises(MissingError, match=f"'heart' of jmlr_test_body cannot be imported: .*{reason}"):
        found.get("task", "heart")


def test_what_loading_a_plugin_takes_is_measured(module):
    found = Registry([module("jmlr_test_slow", "import time\ntime.sleep(0.05)"), module("jmlr_test_quick", "")])
    assert {plugin.name: plugin.seconds >= 0.05 for plugin in found.plugins} == {"jmlr_test_slow": True, "jmlr_test_quick": False}


@pytest.mark.parametrize("kind", KINDS)
def test_every_built_in_offer_can_be_imported_and_has_a_summary(kind):
    for offer in registry().offers:
        if offer.kind == kind:
            assert registry().get(kind, offer.name)
            assert offer.summary


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(InputError) as caught:
        registry().get("objective", "llm-rnak")
    assert "llm-rank" in caught.value.hint

"""What `jmlr index` tells: that it goes on with an interrupted build, and what the retriever advises."""

from __future__ import annotations

from functools import partial

import pytest

from jmlr_plugins.retrievers.bm25.retriever import BM25Retriever

INDEX = ("index", "pages", "--retriever", "bm25")


@pytest.fixture
def here(run_here, pages, tmp_path):
    pages(tmp_path / "pages")
    return partial(run_here, tmp_path)


def stopped(*arguments, **more):
    raise KeyboardInterrupt


def test_an_interrupted_build_goes_on_when_it_is_run_again(here, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(BM25Retriever, "build", stopped)
        assert here(*INDEX).code == 130
    assert here("search", "gout").code == 3
    again = here(*INDEX, "--json")
    assert again.code == 0
    assert "going on where an interrupted" in again.err
    assert again.json["resumed"] is True
    third = here(*INDEX, "--json")
    assert third.json["resumed"] is False
    assert "going on" not in third.err


def test_the_retriever_s_advice_is_shown_and_followed_by_a_rebuild(here, monkeypatch):
    assert "advice" not in here(*INDEX, "--json").json
    monkeypatch.setattr(BM25Retriever, "advice", lambda self: "the words have changed by 40 %")
    assert here(*INDEX, "--json").json["advice"] == "the words have changed by 40 %"
    told = here(*INDEX)
    assert "advice the words have changed by 40 %" in told.err
    assert "--rebuild" in told.err
    again = here(*INDEX, "--rebuild", "--json").json
    assert (again["added"], again["unchanged"]) == (again["passages"], 0)


def test_nothing_readable_leaves_no_index(here, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "x.docx").write_bytes(b"PK")
    result = here("index", "images", "--retriever", "bm25", "--json")
    assert result.code == 3
    assert "no readable document" in result.json["message"]
    assert not list((tmp_path / ".jmlr").glob("indexes/images/generations/*"))

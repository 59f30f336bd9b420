"""`jmlr search --heat-map`."""

from __future__ import annotations

QUERY = "What treats gout?"


def test_the_matches_of_each_passage_are_drawn_beside_what_is_printed(clinic, run_here, tmp_path):
    picture = tmp_path / "matches.png"
    done = run_here(clinic.folder, "search", QUERY, "-k", "2", "--heat-map", str(picture), "--json")
    assert done.code == 0, done.err
    assert len(done.json["hits"]) == 2
    assert done.err == f"wrote {picture}\n"  # in one line, whatever its length
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_index_without_token_matches_is_refused(pages, run_here, tmp_path):
    pages(tmp_path / "guidelines")
    assert run_here(tmp_path, "index", "guidelines", "--retriever", "bm25").code == 0
    done = run_here(tmp_path, "search", QUERY, "--heat-map", "matches.png")
    assert done.code == 3
    assert "does not score a passage by token matches" in done.err
    assert not (tmp_path / "matches.png").exists()

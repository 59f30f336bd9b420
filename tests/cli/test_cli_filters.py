"""Filters from the command line and from the recipe, end to end."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

BM25 = ("--set", "retriever.plugin=bm25", "--set", "retriever.checkpoint=", "--set", "retriever.train=false")
TREATED = "gout is treated with colchicine"
PAGES = {
    "who/gout.md": f"---\nsource: WHO\ndate: 2021-03-05\n---\n# Gout\nAcute {TREATED}, says one page.\n",
    "nice/gout.md": f"---\nsource: NICE\ndate: 2018\n---\n# Gout\nChronic {TREATED}, says another page.\n",
    "ward/gout.html": f'<meta name="date" content="2023-01-01"><h1>Gout</h1><p>On our ward {TREATED}.</p>',
}
QUERY = "How is gout treated with colchicine?"


@pytest.fixture(scope="module")
def ward(tmp_path_factory) -> Path:
    """A folder of documents that say when they were written and by whom, some of them."""
    folder = tmp_path_factory.mktemp("ward")
    others = {f"other/{n}.md": f"# Page {n}\nSomething else, number {n}.\n" for n in range(6)}
    for name, text in (PAGES | others).items():
        (folder / "pages" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "pages" / name).write_text(text)
    lines = [
        {
            "id": "q1",
            "question": QUERY,
            "options": {"A": "Colchicine", "B": "Water"},
            "answer_idx": "A",
            "document": "who/gout.md",
        },
        {
            "id": "q2",
            "question": QUERY,
            "options": {"A": "Water", "B": "Colchicine"},
            "answer_idx": "B",
            "document": "nice/gout.md",
        },
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture(scope="module")
def jmlr(ward, run_here):
    """The command in that folder, its index built."""
    made = run_here(ward, "index", "pages", "--name", "ward", "--retriever", "bm25", "--json")
    assert made.code == 0, made.err
    return partial(run_here, ward)


def documents(result) -> set[str]:
    assert result.code == 0, result.err
    return {hit["document"] for hit in result.json["hits"]}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["source=NICE,WHO"], {"who/gout.md", "nice/gout.md"}),
        (["date>=2020"], {"who/gout.md", "ward/gout.html"}),
        (["date>=2020", "source!=WHO", "document!=other/*"], {"ward/gout.html"}),
        (["document=*/gout.md", "date<2019-06"], {"nice/gout.md"}),
    ],
)
def test_search_finds_only_what_passes(jmlr, filters, expected):
    options = [word for each in filters for word in ("--where", each)]
    assert documents(jmlr("search", QUERY, "-k", "9", "--json", *options)) == expected


def test_a_hit_shows_its_metadata(jmlr):
    (hit,) = jmlr("search", QUERY, "--where", "source=WHO", "--json").json["hits"]
    assert hit["metadata"] == {"source": "WHO", "date": "2021-03-05"}


def test_a_trec_run_holds_only_what_passes(jmlr, ward):
    done = jmlr("search", "--queries", "questions.jsonl", "--trec", "out.trec", "-k", "5", "--where", "source=NICE", "--json")
    assert done.code == 0, done.err
    assert {line.split()[2] for line in (ward / "out.trec").read_text().splitlines()} == {"nice/gout.md"}


@pytest.mark.parametrize(
    ("where", "code", "words"),
    [
        ("source", 2, ["KEY=VALUE"]),
        ("date>=soon", 2, ["soon", "2020-06-30"]),
        ("sourc=WHO", 3, ["sourc", "Did you mean 'source'?", "date, source"]),
        ("source=CDC", 3, ["no passage", "source=CDC", "NICE, WHO"]),
    ],
)
@pytest.mark.parametrize("command", [["search", QUERY], ["ask", QUERY, "--recipe", "tiny", *BM25]], ids=["search", "ask"])
def test_a_wrong_filter_is_told_in_a_sentence(jmlr, command, where, code, words):
    result = jmlr(*command, "--where", where, "--json")
    assert (result.code, result.json["code"]) == (code, code)
    told = f"{result.json['message']} {result.json['hint']}"
    assert all(word in told for word in words), told


def test_ask_reads_what_passes_both_the_recipe_s_filters_and_its_own(jmlr):
    recipe = ("--recipe", "tiny", *BM25, "--set", "data.where=[date>=2020, 'document!=other/*']", "--json")
    asked = jmlr("ask", QUERY, *recipe, "-k", "9")
    assert asked.code == 0, asked.err
    assert {hit["document"] for hit in asked.json["passages"]} == {"who/gout.md", "ward/gout.html"}
    narrowed = jmlr("ask", QUERY, *recipe, "-k", "9", "--where", "source=WHO")
    assert [hit["metadata"]["source"] for hit in narrowed.json["passages"]] == ["WHO"]
    nothing = jmlr("ask", QUERY, *recipe, "--where", "source=NICE")
    assert nothing.code == 3
    assert "--set data.where=" in nothing.json["hint"]


def test_a_wrong_filter_in_a_recipe_is_the_recipe_s_mistake(jmlr):
    result = jmlr("recipes", "show", "tiny", "--set", "data.where=source", "--json")
    assert result.code == 3
    assert "data.where" in result.json["message"]
    assert "KEY=VALUE" in result.json["message"]


def test_eval_retrieves_and_reads_gold_only_where_it_passes(jmlr, ward):
    tiny = ("eval", "questions.jsonl", "--recipe", "tiny", *BM25, "--json")
    found = jmlr(*tiny, "--where", "source=WHO")
    assert found.code == 0, found.err
    assert found.json["where"] == ["source=WHO"]
    assert found.json["retrieval"]["R@20"] == 0.5  # the other question's document does not pass
    assert jmlr(*tiny).json["retrieval"]["R@20"] == 1.0
    oracle = jmlr(*tiny, "--mode", "oracle", "--where", "source=WHO")
    assert oracle.json["gold"] == {"own": 0, "document": 1, "answer_search": 1}


def test_a_beir_folder_is_searched_behind_a_filter(jmlr, ward):
    beir = ward / "beir"
    (beir / "qrels").mkdir(parents=True)
    texts = {"d1": ("adrenaline for anaphylaxis", "a"), "d2": ("permethrin for scabies", "b"), "d3": ("colchicine for gout", "b")}
    lines = [{"_id": id, "text": text, "metadata": {"part": part}} for id, (text, part) in texts.items()]
    (beir / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (beir / "queries.jsonl").write_text('{"_id": "q", "text": "scabies permethrin"}\n')
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td2\t1\n")
    reached = {part: jmlr("eval", "beir", "--retriever", "bm25", "--where", f"part={part}", "--json").json for part in "ab"}
    assert {part: found["metrics"]["R@10"] for part, found in reached.items()} == {"a": 0.0, "b": 1.0}
    assert reached["a"]["where"] == ["part=a"]


def test_training_takes_its_candidates_behind_the_recipe_s_filter_and_the_run_keeps_it(jmlr, ward):
    recipe = (*BM25, "--set", "data.train=questions.jsonl", "--set", "training.max_steps=1", "--index", "ward")
    wrong = jmlr("train", "--recipe", "tiny", *recipe, "--set", "data.where=source=CDC", "--json")
    assert wrong.code == 3
    assert "source=CDC" in wrong.json["message"]
    done = jmlr("train", "--recipe", "tiny", *recipe, "--set", "data.where=source=NICE,WHO", "--json")
    assert done.code == 0, done.err
    run = done.json["run"]
    kept = jmlr("runs", "show", run, "--json").json["settings"]["data"]["where"]
    assert kept == ["source=NICE,WHO"]
    asked = jmlr("ask", QUERY, "--run", run, "-k", "9", "--json").json
    assert {hit["document"] for hit in asked["passages"]} == {"who/gout.md", "nice/gout.md"}
    free = jmlr("ask", QUERY, "--run", run, "-k", "9", "--set", "data.where=", "--json").json
    assert len(free["passages"]) == 9


def test_the_recipe_s_index_is_read_where_there_are_several(jmlr, ward):
    assert jmlr("index", "pages/who", "--name", "other", "--retriever", "bm25").code == 0
    try:
        named = jmlr("ask", QUERY, "--recipe", "tiny", *BM25, "--set", "data.index=other", "--json")
        assert named.code == 0, named.err
        assert [hit["document"] for hit in named.json["passages"]] == ["gout.md"]
        unknown = jmlr("ask", QUERY, "--recipe", "tiny", *BM25, "--set", "data.index=nowhere", "--json")
        assert unknown.code == 3
        assert "--index" in unknown.json["hint"]
    finally:
        (ward / ".jmlr" / "indexes" / "other" / "manifest.json").unlink()

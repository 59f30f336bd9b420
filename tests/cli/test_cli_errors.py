"""What a user does wrong gets one sentence, a hint, and the documented exit code."""

from __future__ import annotations

import shutil

import pytest

from jmlr_cli.files import read_sealed, write_sealed

MISTAKES = [
    # (arguments, exit code, words that the message must hold)
    (["frobnicate"], 2, ["frobnicate"]),
    (["index"], 2, ["PATH"]),
    (["search"], 2, ["question"]),
    (["search", "fever", "--trec", "x"], 2, ["--queries"]),
    (["ask", "  ", "--recipe", "tiny"], 2, ["empty"]),
    (["train", "stray"], 2, ["stray", "--resume"]),
    (["train", "--resume", "--recipe", "tiny"], 2, ["resumed"]),
    (["search", "fever", "-k", "0"], 2, ["-k"]),
    (["search", "--queries", "q", "--trec", "x", "--heat-map", "y.png"], 2, ["--heat-map", "one question"]),
    (["search", "fever", "--where", "nonsense"], 2, ["nonsense", "KEY=VALUE"]),
    (["eval", "questions.jsonl", "--recipe", "tiny", "--limit", "0"], 2, ["--limit"]),
    (["compare", "tiny", "--task", "questions.jsonl"], 2, ["nothing to compare"]),
    (["plugins", "new", "retreiver", "mine"], 2, ["retreiver"]),
    (["plugins", "new", "retriever", "9x"], 3, ["9x"]),
    (["index", "nowhere"], 3, ["nowhere"]),
    (["index", "empty-folder"], 3, ["empty-folder"]),
    (["index", "unreadable"], 3, ["no readable document"]),
    (["index", "pages", "--name", "../outside"], 3, ["../outside"]),
    (["index", "pages", "--retriever", "colbrt"], 3, ["colbrt", "colbert"]),
    (["index", "pages", "--retriever", "bm25", "--set", "retriever.options.k9=1"], 3, ["k9"]),
    (["search", "fever", "--index", "missing"], 3, ["missing", "jmlr index"]),
    (["search", "fever"], 3, ["no index yet", "jmlr index"]),
    (["recipes", "show", "joint13"], 3, ["joint13", "joint13b"]),
    (["recipes", "show", "tiny", "--set", "training.sede=1"], 3, ["training.sede", "seed"]),
    (["recipes", "show", "tiny", "--set", "training.seed"], 3, ["KEY=VALUE"]),
    (["recipes", "show", "tiny", "--set", "candidates.pool=1"], 3, ["candidates.pool"]),
    (["recipes", "show", "bad.yaml"], 3, ["bad.yaml", "YAML"]),
    (["recipes", "show", "circle.yaml"], 3, ["extends itself"]),
    (["train", "--recipe", "tiny", "--index", "missing", "--set", "data.train=questions.jsonl"], 3, ["missing"]),
    (["train", "--recipe", "tiny", "--index", "x"], 3, ["data.train"]),
    (["train", "--recipe", "tiny", "--set", "data.train=nowhere.jsonl"], 3, ["nowhere.jsonl"]),
    (["train", "--recipe", "tiny", "--set", "data.train=broken.jsonl"], 3, ["broken.jsonl", "line 2"]),
    (["train", "--resume"], 3, ["no run"]),
    (["ask", "What?", "--run", "nowhere"], 3, ["nowhere"]),
    (["ask", "What?", "--recipe", "tiny", "--index", "missing"], 3, ["missing", "jmlr index"]),
    (["doctor", "--index", "missing"], 3, ["missing"]),
    (["doctor", "--run", "missing"], 3, ["missing"]),
    (["doctor", "--model", "missing"], 3, ["missing"]),
    (["report", "nowhere"], 3, ["nowhere"]),
    (["compare", "tiny", "nothere", "--task", "questions.jsonl"], 3, ["nothere"]),
    (["audit", "nowhere.jsonl"], 3, ["nowhere.jsonl"]),
    (["recipes", "validate", "nowhere.yaml"], 3, ["nowhere.yaml"]),
    (["eval", "nothing-like-this"], 3, ["nothing-like-this", "medqa"]),
    (["eval", "questions.jsonl", "--recipe", "tiny", "--mode", "open"], 3, ["mode"]),
    (["eval", "questions.jsonl", "--recipe", "tiny", "--mode", "closed", "--split", "dve"], 3, ["dve", "dev"]),
    (["runs", "show", "nowhere"], 3, ["nowhere"]),
    (["train", "--recipe", "joint13b"], 4, ["GPU memory", "44"]),
    (["models", "pull", "no-such-model"], 4, ["no-such-model"]),
    (["models", "pull", "nobody/nothing"], 4, ["nobody/nothing"]),
    (["eval", "medqa", "--recipe", "tiny"], 4, ["medqa", "MedQA", "hub"]),
]


@pytest.mark.parametrize(
    ("arguments", "code", "words"), MISTAKES, ids=lambda value: " ".join(value) if isinstance(value, list) else None
)
def test_a_mistake_gets_a_sentence_and_its_exit_code(jmlr, pages, questions, tmp_path, arguments, code, words):
    pages(tmp_path / "pages")
    questions(tmp_path / "questions.jsonl")
    (tmp_path / "empty-folder").mkdir()
    (tmp_path / "unreadable").mkdir()
    (tmp_path / "unreadable" / "x.docx").write_bytes(b"PK")
    (tmp_path / "bad.yaml").write_text("generator: {model: [\n")
    (tmp_path / "circle.yaml").write_text("extends: circle.yaml\n")
    (tmp_path / "broken.jsonl").write_text('{"question": "q", "answer": "a"}\n{"question": \n')
    result = jmlr(*arguments, "--json")
    error = result.json
    assert (result.code, error["code"]) == (code, code), result.err
    assert error["schema"] == "jmlr.error/1"
    assert error["status"] == "error"
    told = f"{error['message']} {error['hint']}"
    assert all(word.lower() in told.lower() for word in words), told
    assert "Traceback" not in result.err


def test_people_read_the_same_sentence_on_stderr(jmlr):
    result = jmlr("search", "fever")
    assert result.code == 3
    assert result.out == ""
    assert result.err.startswith("error: there is no index yet\nhint: ")


def test_debug_shows_the_traceback(jmlr):
    result = jmlr("--debug", "search", "fever")
    assert result.code != 0
    assert "Traceback" in result.err


def test_a_flipped_byte_in_an_index_is_found_and_named(clinic, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(clinic.folder / ".jmlr", home)
    (vectors,) = home.glob("indexes/guidelines/generations/*/retriever/vectors.*")
    content = bytearray(vectors.read_bytes())
    content[len(content) // 2] ^= 1
    vectors.write_bytes(bytes(content))
    for command in (["search", "gout", "--index", "guidelines"], ["doctor", "--index", "guidelines"]):
        result = clinic.jmlr(*command, "--json", JMLR_HOME=str(home))
        assert result.code == 5
        assert vectors.name in result.json["message"]


def test_a_damaged_run_is_named(clinic, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(clinic.folder / ".jmlr", home)
    (home / "runs" / clinic.trained["run"] / "recipe.yaml").write_text("retriever: [")
    result = clinic.jmlr("ask", "What?", "--run", clinic.trained["run"], "--json", JMLR_HOME=str(home))
    assert result.code == 5
    assert clinic.trained["run"] in result.json["message"]


def test_an_unfinished_run_does_not_answer(clinic, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(clinic.folder / ".jmlr", home)
    record = home / "runs" / clinic.trained["run"] / "run.json"
    write_sealed(record, {**read_sealed(record)[0], "status": "failed"})
    result = clinic.jmlr("ask", "What?", "--run", clinic.trained["run"], "--json", JMLR_HOME=str(home))
    assert result.code == 3
    assert "--resume" in result.json["hint"]


def test_an_index_of_another_retriever_is_refused_for_a_named_run(clinic, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(clinic.folder / ".jmlr", home)
    result = clinic.jmlr("ask", "What?", "--run", "latest", "--index", "guidelines", "--json", JMLR_HOME=str(home))
    assert result.code == 3
    assert "--run" in result.json["hint"]

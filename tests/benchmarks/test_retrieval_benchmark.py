"""The benchmark of retrieval, run on tiny corpora as people run it."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "retrieval.py"
SMALL = ("--tiny", "--threads", "1", "--rounds", "2")
WORDS = [f"{first}{second}" for first in "fever cough gout renal liver rash".split() for second in "abcdefghijklmnopqrstuvwxyz"]


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "160"}
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def sections(report: dict) -> dict[str, dict]:
    return {each["section"]: each for each in report["sections"]}


def figure(section: dict, what: str) -> dict:
    (found,) = [each for each in section["figures"] if each["what"] == what]
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path, str]:
    """The usual sections on generated passages: the JSON, the picture and what people see."""
    folder = tmp_path_factory.mktemp("run")
    done = benchmark(*SMALL, "--json", str(folder / "out.json"), "--picture", str(folder / "curve.svg"))
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "out.json").read_text()), folder / "curve.svg", done.stdout


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judged collection of three hundred documents, which serves as a corpus too."""
    folder, chance = tmp_path_factory.mktemp("clinic"), random.Random(0)
    documents = [{"_id": str(n), "title": "", "text": " ".join(chance.choices(WORDS, k=12)) + f" case{n}."} for n in range(300)]
    queries = [{"_id": f"q{n}", "text": " ".join(documents[n]["text"].split()[:9])} for n in range(5)]
    for name, records in {"corpus": documents, "queries": queries}.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("".join(f"q{n}\t{n}\t1\n" for n in range(5)))
    return folder


def test_the_report_names_its_machine_its_command_and_its_seed(run):
    report, _, shown = run
    assert report["schema"] == "jmlr.benchmark.retrieval/1"
    assert report["status"] == "ok"
    assert report["seed"] == 0
    assert report["command"].startswith("python benchmarks/retrieval.py --tiny")
    machine = report["machine"]
    assert machine["cores"] >= 1
    assert machine["threads"] == machine["faiss_threads"] == 1
    assert {"torch", "faiss", "cpu", "load", "memory", "compared"} <= set(machine)
    assert report["command"] in shown


def test_the_usual_sections_are_there_in_order_and_every_figure_of_theirs_is_shown(run):
    report, _, shown = run
    assert [each["section"] for each in report["sections"]] == ["colbert", "bm25", "dense", "encoding"]
    for section in report["sections"]:
        assert section["about"] in shown
        for each in section["figures"]:
            assert each["what"] in shown
            assert each["value"] is not None or each["note"]


def test_a_goal_is_met_exactly_where_its_figure_reaches_it(run):
    goals = [each for section in run[0]["sections"] for each in section["figures"] if each["least"] or each["most"]]
    assert len(goals) >= 12
    for each in goals:
        if each["value"] is None:
            assert each["met"] is (False if each["missed"] else None)
        elif each["least"] is not None:
            assert each["met"] == (each["value"] >= each["least"])
        else:
            assert each["met"] == (each["value"] <= each["most"])


def test_compressed_search_is_compared_with_exact_search_at_every_setting(run):
    section = sections(run[0])["colbert"]
    details = section["details"]
    assert details["passages"] == 300
    assert details["queries"] == details["exact"]["count"] == 12
    assert len(details["points"]) == 3
    for point in details["points"]:
        assert 0 < point["overlap"] <= 1
        assert 0 < point["milliseconds"]["min"] <= point["milliseconds"]["median"] <= point["milliseconds"]["p95"]
    default = details["points"][0]
    assert default["overlap"] > 0.5, "all passages are scored by their codes here: only these can be wrong"
    assert default["overlap"] >= max(point["overlap"] for point in details["points"]) - 0.1
    assert set(details["batch"]) == {"exact", "ours"}


def test_the_build_is_timed_and_weighed_in_a_process_of_its_own(run):
    details = sections(run[0])["colbert"]["details"]
    assert details["build"]["seconds"] > 0
    assert details["build"]["peak"] >= details["build"]["before"] > 0
    assert details["bytes_a_token"] > 35, "33 bytes of a code and 2 of its centroid"


def test_the_curve_is_drawn(run):
    assert run[1].read_text().startswith("<?xml")
    assert "overlap@20" in run[1].read_text()


def test_bm25_has_the_scores_of_rank_bm25(run):
    section = sections(run[0])["bm25"]
    assert section["details"]["worst_score_difference"] < 1e-9
    assert 100 <= section["details"]["words"]["mean"] <= 150
    assert {"ours", "rank-bm25", "words"} <= set(section["details"]["milliseconds"])
    ratio = section["details"]["milliseconds"]["rank-bm25"]["median"] / section["details"]["milliseconds"]["ours"]["median"]
    assert figure(section, "rank-bm25 / ours")["value"] == pytest.approx(ratio)


@pytest.mark.skipif(not importlib.util.find_spec("bm25s"), reason="bm25s is not installed")
def test_bm25s_takes_its_turn(run):
    section = sections(run[0])["bm25"]
    assert section["details"]["milliseconds"]["bm25s"]["count"] == 12
    assert figure(section, "bm25s / ours")["value"] > 0


def test_dense_finds_what_faiss_finds_among_few_passages(run):
    details = sections(run[0])["dense"]["details"]
    assert details["factory"] == "Flat"
    assert details["overlap"] == 1.0
    assert set(details["milliseconds"]) == set(details["batch"]) == {"ours", "faiss IndexFlatIP"}


def test_encoding_is_compared_with_the_bare_forward_pass_and_with_sentence_transformers(run):
    section = sections(run[0])["encoding"]
    rates = section["details"]["passages_a_second"]
    for side in ("colbert", "dense"):
        ratio = figure(section, f"{side} / raw forward")["value"]
        assert ratio == pytest.approx(rates[side] / rates[f"raw forward, {side}"])
        other = figure(section, f"{side} / sentence-transformers")
        if importlib.util.find_spec("sentence_transformers"):
            assert other["value"] == pytest.approx(rates[side] / rates["sentence-transformers"])
        else:
            assert "not installed" in other["note"]


@pytest.mark.slow
def test_a_corpus_is_encoded_once_and_measured_with_the_questions_given(clinic, tmp_path):
    command = (
        *SMALL, "--only", "colbert,dense,scifact", "--corpus", str(clinic / "corpus.jsonl"), "--queries",
        str(clinic / "queries.jsonl"), "--beir", str(clinic), "--work", str(tmp_path / "work"), "--json", "-",
        "--checkpoint", str(tiny_encoder(tmp_path)),
    )  # fmt: skip
    done = benchmark(*command)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found = sections(json.loads(line))
    assert found["colbert"]["details"]["passages"] == found["dense"]["details"]["passages"] == 300
    assert found["colbert"]["details"]["question_ms"] > 0
    assert "queries.jsonl" in found["colbert"]["about"]
    assert found["scifact"]["details"]["exact"] > 0.5
    assert found["scifact"]["details"]["compressed"] == pytest.approx(found["scifact"]["details"]["exact"], abs=0.3)
    (kept,) = (tmp_path / "work").glob("vectors-*.npy")
    written = kept.stat().st_mtime_ns
    again = benchmark(*command, "--only", "dense")
    assert again.returncode == 0, again.stderr
    assert "making the vectors" in done.stderr
    assert "making the vectors" not in again.stderr
    assert kept.stat().st_mtime_ns == written


def tiny_encoder(folder: Path) -> Path:
    from jmlr_cli.models.tiny import build_tiny_encoder

    return build_tiny_encoder(folder / "encoder", [" ".join(WORDS)])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--only", "colbert,graph"], 2, "graph"),
        (["--rounds", "0"], 2, "--rounds"),
        (["--tiny", "--picture", "curve.gif"], 2, "curve.gif"),
        (["--tiny", "--corpus", "nowhere"], 3, "nowhere"),
        (["--tiny", "--only", "scifact"], 4, "--beir"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(arguments, code, said):
    done = benchmark(*arguments, "--json", "-")
    assert done.returncode == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert said in line
    assert "Traceback" not in line

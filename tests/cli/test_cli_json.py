"""The JSON that programs read: one object on stdout, of the documented shape."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


def test_index_counts_documents_and_passages(clinic):
    made = clinic.indexed
    assert made["schema"] == "jmlr.index/1"
    assert made["status"] == "ok"
    assert made["index"] == "guidelines"
    assert made["retriever"] == "colbert"
    assert made["documents"] == 4
    assert made["passages"] == made["added"] > 0
    assert (made["unchanged"], made["removed"], made["skipped"]) == (0, 0, [])
    assert made["seconds"] > 0


def test_train_tells_its_losses(clinic):
    made = clinic.trained
    assert made["schema"] == "jmlr.train/1"
    assert made["steps"] == 4
    assert made["loss"] == pytest.approx(made["lm_loss"] + made["rank_loss"], abs=1e-3)
    assert 0 <= made["rank_agreement"] <= 1
    assert (clinic.folder / ".jmlr" / "runs" / made["run"] / "metrics.jsonl").is_file()


def test_a_damaged_run_is_listed_beside_the_others(clinic):
    broken = clinic.folder / ".jmlr" / "runs" / "broken"
    broken.mkdir()
    try:
        (broken / "recipe.yaml").write_text("{}")
        (broken / "run.json").write_text("{")
        listed = {run["name"]: run["status"] for run in clinic.jmlr("runs", "--json").json["runs"]}
        assert "damaged" in clinic.jmlr("runs").out
    finally:
        shutil.rmtree(broken)
    assert listed["broken"] == "damaged"
    assert listed[clinic.trained["run"]] == "finished"


def test_search_lists_hits_by_rank(clinic):
    hits = clinic.jmlr("search", "treatment of gout", "-k", "3", "--json").json["hits"]
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    assert set(hits[0]) == {"rank", "score", "passage", "document", "title", "text", "metadata"}
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)


def test_search_finds_what_a_run_s_own_retriever_finds(clinic):
    question = "treatment of gout"
    of_run = clinic.jmlr("search", question, "-k", "2", "--run", "latest", "--json").json["hits"]
    before = clinic.jmlr("search", question, "-k", "2", "--json").json["hits"]
    assert of_run == clinic.jmlr("ask", question, "-k", "2", "--run", "latest", "--json").json["passages"]
    assert [hit["score"] for hit in of_run] != [hit["score"] for hit in before]


def test_an_index_by_a_run_s_retriever_takes_what_is_set(clinic, tmp_path):
    made = ("index", "guidelines", "--name", "short", "--run", "latest", "--json")
    assert clinic.jmlr(*made, "--set", "data.passage_words=20").json["passages"] > clinic.indexed["passages"]
    assert clinic.jmlr(*made, "--set", "nonsense.key=1").code == 3
    shutil.rmtree(clinic.folder / ".jmlr" / "indexes" / "short")  # other tests find the only one


def test_search_writes_a_trec_run_of_documents(clinic, tmp_path):
    out = tmp_path / "out.trec"
    result = clinic.jmlr("search", "--queries", "questions.jsonl", "--trec", str(out), "-k", "3", "--json")
    assert result.json["queries"] == 4
    lines = [line.split() for line in out.read_text().splitlines()]
    assert len(lines) == 12
    assert {line[0] for line in lines} == {"q1", "q2", "q3", "q4"}
    assert all(len({line[2] for line in lines if line[0] == query}) == 3 for query in ("q1", "q2"))


def test_ask_answers_from_the_newest_run_with_its_passages(clinic):
    answer = clinic.jmlr("ask", "What treats gout?", "--json").json
    assert answer["schema"] == "jmlr.ask/1"
    assert answer["run"] == clinic.trained["run"]
    assert len(answer["passages"]) == 2
    assert set(answer["citations"]) <= {1, 2}
    assert answer["model"] == "tiny-llama"


@pytest.mark.parametrize("mode", ["closed", "rag", "oracle", "random"])
def test_eval_gives_accuracy_with_its_interval(clinic, mode):
    done = clinic.jmlr("eval", "questions.jsonl", "--mode", mode, "--json")
    found = done.json
    assert "was trained on these very questions" in done.err
    assert found["schema"] == "jmlr.eval/1"
    assert (found["task"], found["mode"], found["n"]) == ("questions", mode, 4)
    low, high = found["ci95"]
    assert 0 <= low <= found["accuracy"] <= high <= 1
    assert found["run"] == clinic.trained["run"]
    assert found["made_by"]["questions"]["split"] == ""
    assert ("R@1" in found["retrieval"]) == (mode == "rag")


def test_eval_writes_each_question_when_asked(clinic, tmp_path):
    out = tmp_path / "each.jsonl"
    assert clinic.jmlr("eval", "questions.jsonl", "--output", str(out), "--limit", "3", "--json").json["n"] == 3
    assert len(out.read_text().splitlines()) == 3


def test_eval_of_a_beir_folder_gives_retrieval_measures(clinic, tmp_path):
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    texts = {"d1": "adrenaline for anaphylaxis", "d2": "permethrin for scabies", "d3": "colchicine for gout"}
    (folder / "corpus.jsonl").write_text("".join(f'{{"_id": "{i}", "title": "", "text": "{t}"}}\n' for i, t in texts.items()))
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "scabies permethrin"}\n{"_id": "none", "text": "hives"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td2\t1\nnone\td1\t0\n")
    found = clinic.jmlr("eval", str(folder), "--retriever", "bm25", "--json").json
    assert found["metrics"] == dict.fromkeys(["nDCG@10", "nDCG@100", "R@5", "R@10", "R@20", "R@100", "RR"], 1.0)
    assert found["n"] == 1  # of the other query nothing can be measured
    for option in (["--limit", "1"], ["--mode", "closed"], ["--output", "each.jsonl"], ["--no-generate"]):
        refused = clinic.jmlr("eval", str(folder), "--retriever", "bm25", *option, "--json")
        assert (refused.code, refused.json["message"].split()[0]) == (2, option[0])


def test_indexing_again_encodes_only_what_changed(jmlr, pages, tmp_path):
    folder = pages(tmp_path / "pages")
    first = jmlr("index", "pages", "--recipe", "tiny", "--json").json
    (folder / "gout.md").unlink()
    (folder / "new.md").write_text("# New\n\n## A heading\nA page that was not there before.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    again = jmlr("index", "pages", "--recipe", "tiny", "--json").json
    assert (again["added"], again["removed"]) == (1, 1)
    assert again["unchanged"] == first["passages"] - 1
    assert [each["path"] for each in again["skipped"]] == ["broken.pdf"]


def test_dry_run_plans_anywhere(jmlr):
    plan = jmlr("train", "--recipe", "joint13b", "--dry-run", "--json").json
    assert plan["schema"] == "jmlr.plan/1"
    # 40 layers of 4·5120² + 3·5120·13824 and two embeddings of 32000·5120
    assert plan["generator_parameters"] == 40 * (4 * 5120**2 + 3 * 5120 * 13824) + 2 * 32000 * 5120
    # r = 128 on every projection: (inputs + outputs) · 128
    assert plan["adapter_parameters"] == 128 * (40 * (4 * 2 * 5120 + 3 * (5120 + 13824)) + 5120 + 32000)
    assert plan["questions"] == 10_178
    assert plan["steps"] == 3 * 637  # 636 steps of 16 questions and one of 2, three times


def test_listing_commands_speak_json(clinic):
    assert "joint13b" in {recipe["name"] for recipe in clinic.jmlr("recipes", "--json").json["recipes"]}
    assert clinic.jmlr("recipes", "show", "tiny", "--json").json["recipe"]["generator"]["model"] == "tiny-llama"
    assert "colbert" in {offer["name"] for offer in clinic.jmlr("plugins", "--json").json["offers"]}
    assert {"smollm2-135m", "tiny-bert"} <= {model["name"] for model in clinic.jmlr("models", "--json").json["models"]}
    assert clinic.trained["run"] in {run["name"] for run in clinic.jmlr("runs", "--json").json["runs"]}
    shown = clinic.jmlr("runs", "show", "--json").json
    assert shown["status"] == "finished"
    assert [line["step"] for line in shown["metrics"] if "loss" in line] == [1, 2, 3, 4]


def test_doctor_reports_the_machine_and_compares_checksums(clinic):
    report = clinic.jmlr("doctor", "--index", "guidelines", "--json").json
    assert report["plugins"]["builtin"] == "ok"
    assert "tiny" in report["recipes_that_fit"]
    assert "files match" in report["index"]
    assert Path(report["workspace"]) == clinic.folder / ".jmlr"

"""Two retrievers' orders under one language model: the figures of a case that is counted by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.result_lines import line_of

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "rank_agreement.py"
NLLS = {"good": 0.5, "fair": 2.0, "poor": 2.5}


@pytest.fixture
def agreement(tmp_path):
    """``agreement(*arguments)``: the script, run beside the evaluations of ``kept``."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, SCRIPT, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def kept(tmp_path):
    """``kept(name, orders)``: an evaluation in which each question's passages came in this order."""

    def keep(name: str, orders: dict[str, str]) -> str:
        folder = tmp_path / ".jmlr" / "evaluations" / name
        folder.mkdir(parents=True)
        (folder / "evaluation.json").write_text(json.dumps({"status": "ok"}))
        results = [
            QuestionResult(
                id=question,
                pool=tuple(pool),
                pool_scores=(3.0, 2.0, 1.0)[: len(pool)],
                pool_nlls=tuple(NLLS[each] for each in pool),
            )
            for question, order in orders.items()
            for pool in [order.split()]
        ]
        (folder / "results.jsonl").write_bytes(b"".join(map(line_of, results)))
        return name

    return keep


def test_both_orders_are_judged_by_the_language_model_of_the_run(agreement, kept):
    before = kept("frozen", {"a": "poor fair good", "b": "fair good poor", "only here": "good fair poor"})
    after = [
        kept("joint-0", {"a": "good fair poor", "b": "fair good poor"}),
        kept("joint-1", {"a": "good poor fair", "b": "good fair poor"}),
    ]
    done = agreement(before, *after, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["questions"] == 2
    of = {each["measure"]: each for each in found["measures"]}
    assert of["pairs"]["baseline"] == pytest.approx((0 + 2 / 3) / 2)
    assert [run["mean"] for run in of["pairs"]["runs"]] == pytest.approx([(1 + 2 / 3) / 2, (2 / 3 + 1) / 2])
    # the gaps are 1.5, 2.0 and 0.5, which makes 4 in all
    assert of["pairs, weighted"]["baseline"] == pytest.approx((0 + 2.5 / 4) / 2)
    assert [run["mean"] for run in of["pairs, weighted"]["runs"]] == pytest.approx([(1 + 2.5 / 4) / 2, (3.5 / 4 + 1) / 2])
    assert of["best first"]["baseline"] == 0
    assert of["best first"]["difference"] == pytest.approx(3 / 4)
    low, high = of["pairs"]["ci95"]
    assert low < of["pairs"]["difference"] < high


def test_people_see_a_table(agreement, kept):
    orders = {"a": "poor fair good", "b": "fair good poor"}
    shown = agreement(kept("frozen", orders), kept("joint", orders))
    assert shown.returncode == 0, shown.stderr
    assert "2 questions" in shown.stdout
    assert "0.333 (p 1.000)" in shown.stdout


def test_what_cannot_be_compared_is_told(agreement, kept):
    frozen = kept("frozen", {"a": "poor fair good", "b": "fair good poor"})
    assert "ranked different passages" in agreement(frozen, kept("others", {"a": "good fair", "b": "good fair"})).stderr
    assert "fewer than two questions" in agreement(frozen, kept("one", {"a": "good fair poor"})).stderr
    assert "measured no rank agreement" in agreement(frozen, kept("none", {"a": "good"})).stderr
    refused = agreement(frozen, "nowhere")
    assert refused.returncode == 3
    assert "no evaluation 'nowhere'" in refused.stderr

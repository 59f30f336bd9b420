"""The field's own harness, EleutherAI's lm-eval, and our evaluation: the same prompts, the same likelihoods, the same options."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from jmlr_cli.models.resolve import is_here

ROOT = Path(__file__).resolve().parents[2]
MEDQA = ROOT.parent / "shared" / "data" / "medqa" / "dev_4opt.jsonl"
MODEL = "smollm2-135m"
TOLERANCE = 1e-3
SLICES = {"letter": range(10), "option": range(4)}

pytest.importorskip("lm_eval", reason="lm-eval is not installed (pip install 'jmlr[benchmark]')")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(not MEDQA.is_file(), reason="the development data are not beside the checkout"),
    pytest.mark.skipif(not is_here(MODEL), reason=f"{MODEL} is not in the workspace (jmlr models pull {MODEL})"),
]


@pytest.fixture(scope="module")
def parts():
    """The benchmark's two sides, which put one loaded model to the questions of one file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        from evaluation_parts import harness, ours

        yield SimpleNamespace(Harness=harness.Harness, Ours=ours.Ours, generator=ours.load_generator(MODEL, "float32"))


def sides(parts, style: str, folder: Path):
    generator = parts.generator
    theirs = parts.Harness(generator.module, generator.tokenizer, MEDQA, style, folder)
    return parts.Ours(generator, MEDQA, style), theirs


def test_every_prompt_is_word_for_word_that_of_medqa_4options(parts, tmp_path):
    ours, theirs = sides(parts, "letter", tmp_path)
    pairs = list(zip(ours.prompts(), theirs.prompts(), strict=True))
    records = [json.loads(line) for line in MEDQA.read_text(encoding="utf-8").splitlines()]
    padded = [any(text != text.strip() for text in (record["question"], *record["options"].values())) for record in records]
    assert len(pairs) == len(records) > 1000
    # our reader takes white space off the ends of a question and of an option; nothing else differs
    assert [our != their for our, their in pairs] == padded
    assert all("".join(our.split()) == "".join(their.split()) for our, their in pairs)
    assert not any(padded[place] for part in SLICES.values() for place in part)


@pytest.mark.parametrize("style", SLICES)
def test_every_option_of_every_question_has_the_same_likelihood_and_the_same_one_is_chosen(parts, tmp_path, style):
    ours, theirs = sides(parts, style, tmp_path)
    pairs = list(zip(ours.answers(SLICES[style]), theirs.answers(SLICES[style], batch_size=1), strict=True))
    for our, their in pairs:
        assert our.nlls == pytest.approx(their.nlls, abs=TOLERANCE)
        assert our.chosen == their.chosen
    # this model likes the letter A best whatever is asked, so it is the likelihoods that tell one question from another
    first = [our.nlls[0] for our, _ in pairs]
    assert max(first) - min(first) > 100 * TOLERANCE

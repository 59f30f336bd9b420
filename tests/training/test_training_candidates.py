"""Which passages a question meets, and which are kept from it."""

from __future__ import annotations

import pytest

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.filters import conditions
from jmlr_cli.contracts.values import Passage, Question, passage_id
from jmlr_cli.index.build import build_index
from jmlr_cli.index.open import open_index
from jmlr_cli.recipe.schema import CandidatesConfig, GuardConfig
from jmlr_cli.training.candidates import Candidates
from jmlr_cli.training.guard import Guard

REASONING = "The patient has swollen big toe joints and a high uric acid so this is gout and colchicine is the first choice here."
VIGNETTE = (
    "A fifty year old man wakes at night with a hot swollen big toe after a large meal with wine. "
    "His uric acid is raised. Which drug is given first?"
)


def passage(document: str, text: str, **metadata: str) -> Passage:
    return Passage(passage_id(document, "", text), document, "", text, 0, metadata)


QUESTION = Question("case-7", VIGNETTE, answer="Colchicine", document="gout.md", rationale=REASONING)
OTHERS = [passage("gout.md", "Gout is treated with colchicine."), passage("malaria.md", "Malaria is treated with artemether.")]


@pytest.mark.parametrize(
    "own",
    [
        passage("case-7", "Anything at all."),
        passage("notes.jsonl", "Anything at all.", question="case-7"),
        passage("notes.md", f"Case. {REASONING} Done."),
        passage("bank.md", f"Question 12. {VIGNETTE} Answer: colchicine."),
    ],
    ids=["its document's id", "its document's metadata", "its rationale's text", "the question's own text"],
)
def test_what_was_written_from_the_question_is_kept_out(own):
    assert Guard(GuardConfig()).keeps(QUESTION, [OTHERS[0], own, OTHERS[1]]) == OTHERS
    assert own in Guard(GuardConfig(document=False, overlap=None)).keeps(QUESTION, [own])


def test_the_answer_and_a_short_question_keep_nothing_out():
    asked, answer = "What are the treatments for gout?", "Gout is treated with colchicine."
    question = Question("q", asked, answer=answer, rationale="Colchicine.")
    page = passage("page.md", f"{asked} {answer}")
    assert Guard(GuardConfig()).keeps(question, [page]) == [page]


def test_half_of_a_text_must_be_there():
    words = REASONING.split()
    little, much = passage("a.md", " ".join(words[:14])), passage("b.md", " ".join(words[:18]))
    assert Guard(GuardConfig()).keeps(QUESTION, [little, much]) == [little]


def test_the_gold_document_is_never_kept_out():
    gold = passage("gout.md", VIGNETTE, question="case-7")
    assert Guard(GuardConfig()).keeps(QUESTION, [gold]) == [gold]


@pytest.fixture
def index(tmp_path):
    """Thirty pages of which the best twelve were written from the question."""
    own = [passage(f"own{n}.md", f"swollen big toe uric acid drug given first {n}", question="case-7") for n in range(12)]
    near = [passage(f"near{n}.md", f"big toe drug {n} of many others here") for n in range(17)]
    retriever = make_retriever(RetrieverConfig(plugin="bm25"))
    build_index(tmp_path / "index", retriever, [*own, *near, passage("gout.md", "Colchicine.")], 400)
    return open_index(tmp_path / "index", make_retriever)


def test_what_is_kept_out_is_made_up_for(index):
    candidates = Candidates(index, CandidatesConfig(pool=6, sample=3, read=2))
    found = candidates.of(QUESTION)
    assert [p.document[:4] for p in found] == ["near"] * 6
    assert candidates.guarded == 12
    assert candidates.of(QUESTION) == found
    assert candidates.guarded == 24  # counted each time the question is met


def test_the_gold_passage_is_put_in_only_when_the_recipe_says_so(index):
    settings = {"pool": 6, "sample": 3, "read": 2}
    natural = Candidates(index, CandidatesConfig(**settings)).of(QUESTION)
    forced = Candidates(index, CandidatesConfig(**settings, force_gold=True)).of(QUESTION)
    assert "gout.md" not in {p.document for p in natural}
    assert [p.document for p in forced[:5]] == [p.document for p in natural[:5]]
    assert forced[5].document == "gout.md"


def test_behind_a_filter_a_question_meets_only_what_passes(index):
    settings = CandidatesConfig(pool=6, sample=3, read=2, force_gold=True)
    behind = Candidates(index.within(conditions(["document=near*,own*"])), settings)
    found = behind.of(QUESTION)
    assert [p.document[:4] for p in found] == ["near"] * 6  # the gold document does not pass, and takes no place
    narrow = Candidates(index.within(conditions(["document=near1.md,gout.md"])), settings).of(QUESTION)
    assert {p.document for p in narrow} == {"near1.md", "gout.md"}


def test_a_refreshed_index_is_asked_behind_its_own_filter(index):
    settings = CandidatesConfig(pool=6, sample=3, read=2)
    candidates = Candidates(index, settings)
    before = candidates.of(QUESTION)
    known = candidates.refresh(index.within(conditions([f"document!={before[0].document}"])))
    assert known["case-7"].ids == [p.id for p in before]
    assert before[0] not in candidates.of(QUESTION)


def test_of_attached_passages_only_the_text_is_guarded():
    own, abstract = passage("x", f"Case. {VIGNETTE}"), passage("case-7", "The abstract that the question was made from.")
    question = Question("case-7", VIGNETTE, answer="Colchicine", passages=(abstract, own))
    candidates = Candidates(None, CandidatesConfig())
    assert candidates.of(question) == (abstract,)
    assert candidates.guarded == 1

"""What the oracle reads, and what is drawn at random."""

from __future__ import annotations

from pathlib import Path

import pytest

from jmlr_cli.answering.system import System
from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.filters import conditions
from jmlr_cli.contracts.values import Option, Passage, Question, QuestionSet
from jmlr_cli.evaluation.system import brings_passages, gold_kinds, gold_passages, random_passages, searched
from jmlr_cli.index.build import build_index
from jmlr_cli.index.open import Index, open_index
from jmlr_cli.recipe.load import load_recipe

TEXTS = {
    "gout": ["Gout is painful.", "Colchicine treats an acute attack.", "Allopurinol prevents it."],
    "scabies": ["Mites cause scabies.", "Permethrin cream treats it."],
    "other": ["One thing.", "Another thing.", "Something else."],
}
OPTIONS = (Option("A", "Permethrin cream"), Option("B", "Colchicine"))


@pytest.fixture
def index(tmp_path: Path) -> Index:
    passages = [Passage(f"{d}{n}", d, "", text, n) for d, texts in TEXTS.items() for n, text in enumerate(texts)]
    build_index(tmp_path / "x", make_retriever(RetrieverConfig(plugin="bm25")), passages, 400)
    return open_index(tmp_path / "x", make_retriever)


def test_the_passage_of_the_gold_document_that_holds_the_answer_comes_first(index):
    question = Question("q", "What treats an attack?", OPTIONS, "B", document="gout")
    assert gold_passages(index, 2)(question)[0].id == "gout1"
    assert len(gold_passages(index, 2)(question)) == 2


def test_without_a_gold_document_the_answer_helps_the_search(index):
    question = Question("q", "What is best?", OPTIONS, "A")
    assert gold_passages(index, 1)(question)[0].id == "scabies1"


def test_the_sources_of_the_oracle_are_counted(index):
    own = Question("a", "?", OPTIONS, "A", passages=(Passage("p", "d", "", "text", 0),))
    known, unknown = Question("b", "?", OPTIONS, "A", document="gout"), Question("c", "?", OPTIONS, "A", document="not-indexed")
    found = gold_kinds(QuestionSet("set", (own, known, unknown)), index)
    assert found == {"own": 1, "document": 1, "answer_search": 1}


def test_behind_a_filter_only_what_passes_is_retrieved_and_gold(index):
    behind = index.within(conditions(["document=gout,other"]))
    question = Question("q", "What treats scabies with permethrin?", OPTIONS, "A", document="scabies")
    (hits,) = searched(behind, 20)([question])
    assert {hit.passage.document for hit in hits} <= {"gout", "other"}
    assert all(passage.document != "scabies" for passage in gold_passages(behind, 3)(question))
    assert gold_kinds(QuestionSet("set", (question,)), behind) == {"own": 0, "document": 0, "answer_search": 1}


def test_a_filter_means_the_index_even_where_questions_bring_passages():
    own = QuestionSet("set", (Question("a", "?", OPTIONS, "A", passages=(Passage("p", "d", "", "text", 0),)),))
    recipe = load_recipe("tiny")
    assert brings_passages(System(recipe, None, None), own)
    assert not brings_passages(System(recipe, None, None, where=conditions(["document=gout"])), own)


def asked(number: int) -> Question:
    return Question(f"q{number}", "What treats gout?", OPTIONS, "A", document="gout")


def test_random_passages_hang_on_seed_and_question_alone(index):
    draw = random_passages(index, 3, seed=0)
    there = {n: draw(asked(n)) for n in range(20)}
    assert {n: random_passages(index, 3, seed=0)(asked(n)) for n in reversed(range(20))} == there
    assert all(len({passage.id for passage in drawn}) == 3 for drawn in there.values())
    assert {n: random_passages(index, 3, seed=1)(asked(n)) for n in range(20)} != there
    # 60 draws of 8 passages: each comes up
    assert {passage.id for drawn in there.values() for passage in drawn} == {passage.id for passage in index.passages}


def test_random_passages_pass_the_filter_and_are_no_more_than_there_are(index):
    draw = random_passages(index.within(conditions(["document=scabies"])), 5, seed=0)
    assert {passage.id for passage in draw(asked(1))} == {"scabies0", "scabies1"}

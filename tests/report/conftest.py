"""Two kept evaluations of the small corpus's questions: one that read nothing, one that read passages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.values import Passage, passage_id
from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.index.build import build_index


@dataclass(frozen=True)
class Pair:
    """The two evaluations' folders, their question file, and the ids of the indexed passages by document."""

    folder: Path
    closed: Path
    rag: Path
    questions: Path
    passages: dict[str, str]


def answered(chosen: str, passages: Sequence[str] = ()) -> list[QuestionResult]:
    """Results of the four questions, whose right options are A, B, C, D: ``chosen`` has the letter for each."""
    return [
        QuestionResult(
            f"q{n}",
            subset="skin" if n == 4 else "other",
            chosen=letter,
            right=right,
            correct=letter == right,
            nlls=(1.0, 2.0, 3.0, 4.0),
            answer_nll=0.5 * n + (0 if passages else 1),
            passages=tuple(passages),
            gold_rank=n - 1 if passages else None,
        )
        for n, (letter, right) in enumerate(zip(chosen, "ABCD", strict=True), start=1)
    ]


@pytest.fixture
def indexed(keeper, pages) -> dict[str, str]:
    """An index ``guidelines`` of the small corpus; the id of one passage of each document."""
    at, texts = (
        keeper.folder / ".jmlr" / "indexes" / "guidelines",
        {"gout.md": "Allopurinol prevents.", "scabies.txt": "Permethrin."},
    )
    made = [Passage(passage_id(name, "A title", text), name, "A title", text, 0) for name, text in texts.items()]
    build_index(at, make_retriever(RetrieverConfig(plugin="bm25")), made, 400)
    return {passage.document: passage.id for passage in made}


@pytest.fixture
def pair(keeper, questions: Callable[[Path], Path], indexed: dict[str, str]) -> Pair:
    """`questions-closed`, right in A and B, and `questions-rag`, right in B and D, which read both passages."""
    file = questions(keeper.folder / "questions.jsonl")
    closed = keeper.keep("questions-closed", file, answered("ABAA"))
    rag = keeper.keep("questions-rag", file, answered("BBAD", list(indexed.values())), "rag", "guidelines")
    return Pair(keeper.folder, closed, rag, file, indexed)

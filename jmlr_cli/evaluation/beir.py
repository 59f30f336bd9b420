"""BEIR folders (Thakur et al. 2021, arXiv 2104.08663): a corpus, queries, and relevance judgements by split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.retrieval import Judgements
from jmlr_cli.questions.files import decoded, parse_json, read_bytes
from jmlr_cli.questions.records import records_of

SPLITS = ("test", "dev", "train")
"""The splits in the order in which one is chosen."""


@dataclass(frozen=True, slots=True)
class Beir:
    """A BEIR data set. ``corpus`` is the file of its documents, whose ids ``qrels`` name; ``queries`` holds
    the text of the judged queries by id."""

    name: str
    corpus: Path
    split: str
    queries: dict[str, str]
    qrels: dict[str, Judgements]


def is_beir(path: Path) -> bool:
    """Whether a folder holds a corpus, queries and judgements."""
    return (path / "corpus.jsonl").is_file() and (path / "queries.jsonl").is_file() and (path / "qrels").is_dir()


def read_beir(folder: Path, split: str | None = None) -> Beir:
    """A BEIR folder with the judgements of ``split``: by default test, else dev, else train.

    Raises :class:`InputError` when the split is not there or a judged query has no text.
    """
    chosen = _split_file(folder, split)
    qrels, queries = read_qrels(chosen), read_queries(folder / "queries.jsonl")
    unknown = [id for id in qrels if id not in queries]
    if unknown:
        raise InputError(f"{chosen} judges {len(unknown)} queries that queries.jsonl lacks, the first is {unknown[0]!r}")
    return Beir(folder.resolve().name, folder / "corpus.jsonl", chosen.stem, {id: queries[id] for id in qrels}, qrels)


def _split_file(folder: Path, split: str | None) -> Path:
    files = {path.stem: path for path in sorted((folder / "qrels").glob("*.tsv"))}
    chosen = split or next((name for name in SPLITS if name in files), None)
    if chosen in files:
        return files[chosen]
    what = f"no {chosen} split" if chosen else f"none of the splits {', '.join(SPLITS)}"
    raise InputError(f"{folder / 'qrels'} has {what}", f"It holds: {', '.join(files) or 'no .tsv file'}.")


def read_queries(path: Path) -> dict[str, str]:
    """Queries by id, from JSON lines with ``_id`` and ``text`` (BEIR) or ``id`` and ``question``; one without
    an id gets its line number. Raises :class:`InputError`, which names the line."""
    queries: dict[str, str] = {}
    for record in records_of(parse_json(decoded(read_bytes(path), str(path)), str(path)), str(path)):
        name = "text" if "text" in record.fields else "question"
        id = record.optional("_id") or record.optional("id") or str(record.number)
        if id in queries:
            raise record.wrong(f"the query id {id!r} has been used before")
        queries[id] = record.text(name)
    return queries


def read_qrels(path: Path) -> dict[str, Judgements]:
    """Judgements by query id, from tab-separated lines of query id, document id and grade, with a header or
    without. Raises :class:`InputError`, which names the line."""
    qrels: dict[str, dict[str, int]] = {}
    for query, document, grade in _qrels_lines(path):
        qrels.setdefault(query, {})[document] = grade
    if not qrels:
        raise InputError(f"{path} holds no judgements", "Its lines are: query id, document id, grade, separated by tabs.")
    return dict(qrels)


def _qrels_lines(path: Path) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(decoded(read_bytes(path), str(path)).split("\n"), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip() or (number == 1 and "query-id" in cells):
            continue
        try:
            query, document, grade = cells
            yield query, document, int(grade)
        except ValueError as error:
            hint = "A line is: query id, document id, grade, separated by tabs."
            raise InputError(f"{path}, line {number}: {line.strip()!r} is no judgement", hint) from error

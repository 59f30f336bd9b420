"""MedQuAD made harder to search: its pages without the headings, which are the very questions, and its shorter questions.

python benchmarks/medquad_plain.py ../shared/data plain

writes ``plain/guidelines`` (every document; those of MedQuAD without headings and source lines) and ``plain/train.jsonl`` (the
questions whose answers have at most ``--words`` words, in an order that is random and always the same).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from arguments import Parser, positive, told

from jmlr_cli.errors import InputError

HEADING = re.compile(r"#{1,6} |Source:")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the folder; the exit code."""
    options = _parser().parse_args(arguments)
    return told(lambda: _write(options.data, options.into, options.words))


def _write(data: Path, into: Path, words: int) -> int:
    guidelines, questions = data / "guidelines", data / "medquad" / "train.jsonl"
    if not guidelines.is_dir() or not questions.is_file():
        raise InputError(f"{data} has no guidelines/ and medquad/train.jsonl", "Name the folder that holds both.")
    if into.exists():
        raise InputError(f"{into} is already there", "Remove it, or name another folder.")
    pages = [path for path in sorted(guidelines.rglob("*")) if path.is_file()]
    for page in pages:
        _copy(page, into / "guidelines" / page.relative_to(guidelines))
    kept = _short(questions.read_text(encoding="utf-8").strip().split("\n"), words)
    (into / "train.jsonl").write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    sys.stdout.write(f"{len(pages)} documents, {len(kept)} training questions in {into}\n")
    return 0


def _copy(page: Path, to: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page.parent.name.startswith("medquad_"):
        text = "".join(f"{line}\n" for line in text.splitlines() if not HEADING.match(line))
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, encoding="utf-8")


def _short(lines: Sequence[str], words: int) -> list[str]:
    """The questions with answers of at most ``words`` words, ordered by a hash of their ids."""
    kept = [line for line in lines if len(json.loads(line)["answer"].split()) <= words]
    return sorted(kept, key=lambda line: blake2b(json.loads(line)["id"].encode()).digest())


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("data", type=Path, help="the folder with guidelines/ and medquad/")
    parser.add_argument("into", type=Path, help="the folder to write")
    parser.add_argument("--words", type=positive, default=120, help="longest answer of a training question, in words (120)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

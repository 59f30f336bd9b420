"""A folder of question files: which of them hold a split, and their questions together."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from jmlr_cli.contracts.values import Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.questions.formats import read_questions

SPLITS = {"train": ("train",), "dev": ("validation", "valid", "val", "dev"), "test": ("test",)}
"""What a file's or folder's name calls each split, the first that occurs winning: MMLU tunes on its
``val`` and keeps five examples a subject for prompts in its ``dev``."""

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet", ".ndjson")


def read_questions_from(source: str, split: str) -> QuestionSet:
    """The questions of a file, or those of ``split`` (train, dev or test) in a folder.

    In a folder, the split is a word of the file's name (``phrases_no_exclude_dev.jsonl``) or of the folder
    that it is in (``val/anatomy_val.csv``); where no name tells a split, every file counts. Of files at
    different depths, the outermost count. Raises :class:`InputError`.
    """
    if split not in SPLITS:
        raise InputError(f"there is no split {split!r}", f"A split is one of {', '.join(SPLITS)}.")
    path = Path(source).expanduser()
    if not path.is_dir():
        return read_questions(path)
    files = files_of(path, split)
    return QuestionSet(path.resolve().name, tuple(_together(_named(files, path))), str(path))


def files_of(folder: Path, split: str) -> list[Path]:
    """The question files of a split in a folder, by name."""
    files = [file for file in sorted(folder.rglob("*")) if _is_question_file(file.relative_to(folder)) and file.is_file()]
    if not files:
        raise InputError(f"{folder} holds no question files", f"Question files end in {', '.join(SUFFIXES)}.")
    words = {file: _words(file.relative_to(folder)) for file in files}
    for name in SPLITS[split]:
        found = [file for file in files if name in words[file]]
        if found:
            return _outermost(found)
    known = [other for other, names in SPLITS.items() if any(name in words[file] for name in names for file in files)]
    if known:
        hint = "Choose a split that is there, or name the file itself."
        raise InputError(f"{folder} holds no {split} split, only {' and '.join(known)}", hint)
    return _outermost(files)


def _outermost(files: list[Path]) -> list[Path]:
    depth = min(len(file.parts) for file in files)
    return [file for file in files if len(file.parts) == depth]


def _is_question_file(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in path.parts)


def _words(path: Path) -> set[str]:
    """The split words in a file's own name (``train500`` counts as train), or else in its folders'."""
    names = {name for names in SPLITS.values() for name in names}
    for part in (path.stem, *reversed(path.parent.parts)):
        found = {word for word in re.split(r"[^a-z]+", part.lower()) if word in names}
        if found:
            return found
    return set()


def _named(files: list[Path], folder: Path) -> dict[str, QuestionSet]:
    """Each file's questions by its stem, or by its path in the folder where files of several folders have one stem."""
    stems = {file: file.stem for file in files}
    if len(set(stems.values())) < len(files):
        stems = {file: file.relative_to(folder).as_posix() for file in files}
    return {name: read_questions(file) for file, name in stems.items()}


def _together(sets: dict[str, QuestionSet]) -> list[Question]:
    """The questions of all files; an id that stands in more than one gets its file's name before it."""
    counts = Counter(question.id for each in sets.values() for question in each.questions)
    return [
        replace(question, id=f"{name}/{question.id}") if counts[question.id] > 1 else question
        for name, each in sets.items()
        for question in each.questions
    ]

"""What a document is called when it does not say so clearly."""

from __future__ import annotations

from pathlib import PurePosixPath

LONGEST_TITLE = 15
"""Words; a longer line is a sentence."""

SENTENCE_ENDS = (".", ",", ";", ":", "!", "?")


def title_from_name(name: str) -> str:
    """A readable title from a file's name: ``nstg/CHEST_PAIN.txt`` becomes "CHEST PAIN"."""
    stem = PurePosixPath(name).stem
    return " ".join(stem.replace("_", " ").split()) or stem


def is_title(line: str) -> bool:
    """Whether ``line`` is short, has a letter and does not end as a sentence does."""
    words = line.split()
    return 0 < len(words) <= LONGEST_TITLE and any(map(str.isalpha, line)) and not words[-1].endswith(SENTENCE_ENDS)

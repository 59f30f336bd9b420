"""The lines of a printed page become paragraphs."""

from __future__ import annotations

import re

FULL_LINE = 0.7
"""A line shorter than this share of the page's longest lines ends its paragraph."""

HYPHENATED = re.compile(r"(?<=[^\W\d_])-$")
NEW_ITEM = re.compile(r"([•·▪■●○◦‣–—*-]|\(?(\d{1,2}|[a-zA-Z])[.)]|\d+(\.\d+)+\.?)\s")
SOFT_HYPHEN = "\xad"


def unwrapped(page: str) -> str:
    """The page with its lines joined into paragraphs, and the words that were divided at a line's end made whole."""
    lines = [" ".join(line.split()) for line in page.replace(SOFT_HYPHEN + "\n", "-\n").replace(SOFT_HYPHEN, "").split("\n")]
    full = FULL_LINE * _long(lines)
    paragraphs: list[list[str]] = []
    previous = ""
    for line in lines:
        if line and previous and not NEW_ITEM.match(line) and (len(previous) >= full or _divided(previous, line)):
            _add(paragraphs[-1], line)
        elif line:
            paragraphs.append([line])
        previous = line
    return "\n".join(map("".join, paragraphs))


def _long(lines: list[str]) -> int:
    """The length, in characters, that nine lines in ten do not exceed."""
    lengths = sorted(len(line) for line in lines if line)
    return lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0


def _divided(line: str, following: str) -> bool:
    return bool(HYPHENATED.search(line)) and following[0].islower()


def _add(paragraph: list[str], line: str) -> None:
    """Go on with a paragraph, whose parts are joined at the end."""
    if _divided(paragraph[-1], line):
        paragraph[-1] = HYPHENATED.sub("", paragraph[-1])
        paragraph.append(line)
    else:
        paragraph.append(f" {line}")

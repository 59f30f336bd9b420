"""Text that a terminal shows and does not obey."""

from __future__ import annotations

import re

UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # the control codes C0 and C1, but for tab and line end
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of writing
    "\u2028\u2029\ufeff\ufff9-\ufffb"  # other line ends, marks that nothing shows
    "\U000e0000-\U000e007f\ud800-\udfff]"  # tags that nothing shows, halves of characters
)


def plain(text: str) -> str:
    """``text`` without what would steer a terminal, and without what no encoding takes."""
    return text if text.isascii() and text.isprintable() else UNSAFE.sub("", text)


def plain_json(text: str) -> str:
    """JSON, with the same meaning, in which such characters are written as escapes."""
    return UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))

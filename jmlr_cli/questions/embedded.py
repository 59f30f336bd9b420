"""Options that stand inside a question's text, taken out where they can be told for sure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import ascii_uppercase

from jmlr_cli.contracts.values import Option

MARKERS = (
    re.compile(r"^[ \t]*([A-Z])[ \t]*\n", re.MULTILINE),  # the letter alone on a line, its text on the next
    re.compile(r"^[ \t]*\(?([A-Z])[.):][ \t]+", re.MULTILINE),  # "A. text" at the start of a line
    re.compile(r"(?:(?<=\s)|^)\(?([A-Z])[.):]\s+"),  # "A. text" anywhere
)
STATED = re.compile(r"(.*)\banswer(?:\s+is)?(?:\s*:\s*|\s+)(\S.*)", re.IGNORECASE | re.DOTALL)
LED_IN = re.compile(r"(?:\bthe\s+)?(?:\bcorrect\s+)?$", re.IGNORECASE)
CHOICE = re.compile(r"\(?([A-Z])(?:[.):]|\s|$)\s*(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a text with options inside holds."""

    text: str
    options: tuple[Option, ...]
    answer_label: str
    rationale: str = ""


def split_options(text: str, answer: str) -> Embedded | None:
    """The question and its options, when ``text`` marks them A, B, C … once each and in order, and
    ``answer`` names one of them by its letter or its text; None in every other case."""
    for pattern in MARKERS:
        markers = list(pattern.finditer(text))
        letters = "".join(marker.group(1) for marker in markers)
        if len(markers) < 2 or not ascii_uppercase.startswith(letters):
            continue
        ends = [marker.start() for marker in markers[1:]] + [len(text)]
        texts = [text[marker.end() : end].strip() for marker, end in zip(markers, ends, strict=True)]
        options = tuple(Option(letter, option) for letter, option in zip(letters, texts, strict=True))
        stem = text[: markers[0].start()].strip()
        rationale, choice = _stated(answer)
        label = _named(options, choice)
        if stem and all(texts) and label:
            return Embedded(stem, options, label, rationale)
    return None


def _stated(answer: str) -> tuple[str, str]:
    """The reasoning before the last "(the correct) answer (is):" and what stands after it."""
    found = STATED.fullmatch(answer.strip())
    return (LED_IN.sub("", found.group(1), count=1).strip(), found.group(2)) if found else ("", answer.strip())


def _named(options: tuple[Option, ...], choice: str) -> str | None:
    """The label of the one option that ``choice`` names; a letter followed by another option's text names none."""
    same = [option.label for option in options if option.text.casefold() == choice.casefold()]
    if len(same) == 1:
        return same[0]
    found = CHOICE.fullmatch(choice)
    option = next((option for option in options if found and option.label == found.group(1).upper()), None)
    if found is None or option is None:
        return None
    rest = found.group(2).strip().casefold()
    return option.label if not rest or rest.startswith(option.text.casefold()) else None

"""What answer text a question wants, and which option a generated text chose.

An answer style says what the model is taught and scored on: ``option`` is label and text
("B. Aspirin"), ``letter`` the label alone, ``text`` the option's text alone with no options in the
prompt (cloze), ``rationale`` the reasoning and then the option. A free-text question's answer is
the same in every style.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from jmlr_cli.contracts.values import Option, Question
from jmlr_cli.errors import InputError

AnswerStyle = Literal["option", "letter", "text", "rationale"]

INSTRUCTIONS: dict[str, str] = {
    "option": "Please only give the correct option.",
    "letter": "Please only give the correct option.",
    "text": "",
    "rationale": "Explain your reasoning, then give the correct option.",
}


def target(question: Question, style: AnswerStyle) -> str:
    """The answer text to train on. Raises :class:`InputError` when the question has no answer."""
    if not question.options:
        if question.answer is None:
            raise _unanswered(question)
        return question.answer
    right = _right_option(question)
    text = option_text(right, style)
    if style == "rationale" and question.rationale:
        return f"{question.rationale}\nAnswer: {text}"
    return text


def option_targets(question: Question, style: AnswerStyle) -> list[str]:
    """The texts whose likelihoods score the options, in the options' order."""
    return [option_text(option, style) for option in question.options]


def option_text(option: Option, style: AnswerStyle) -> str:
    """How an answer of this style names one option."""
    if style == "letter":
        return option.label
    return option.text if style == "text" else f"{option.label}. {option.text}"


def lists_options(style: AnswerStyle) -> bool:
    """Whether the prompt shows the options."""
    return style != "text"


def instruction(question: Question, style: AnswerStyle) -> str:
    """The sentence after the question that says what answer is wanted; "" for a free-text question."""
    return INSTRUCTIONS[style] if question.options else ""


def _right_option(question: Question) -> Option:
    if question.answer_label is None:
        raise _unanswered(question)
    if question.right_option is None:
        labels = ", ".join(option.label for option in question.options)
        raise InputError(
            f"question {question.id!r} names {question.answer_label!r} as its answer, which is none of its options",
            f"Name one of {labels}.",
        )
    return question.right_option


def _unanswered(question: Question) -> InputError:
    return InputError(f"question {question.id!r} has no answer", "Give every question that is trained on or scored an answer.")


def read_option(generated: str, question: Question) -> str | None:
    """The label that a generated text chose, or None when it chose none or more than one.

    Tried in turn: the whole text is a label or an option; the last statement such as "the answer is B";
    the text begins with an option, then with a label; the one label in parentheses or after "option";
    the one option whose text occurs. The article "A" is no label, and case tells labels from words.
    """
    options, said = question.options, generated.strip()
    if not options or not said:
        return None
    return (
        _whole(said, options)
        or _stated(said, options)
        or _beginning(said, options)
        or _label_at_start(said, options, CLOSED)
        or _pointed_at(said, options)
        or _mentioned(said, options)
    )


SUBJECT = r"(?i:\b(?:answer|(?:correct|right|best)\s+(?:option|choice))\b)"
STATEMENTS = (re.compile(SUBJECT), re.compile(SUBJECT + r"[^.\n]{0,40}?\b(?:is|be)\b"))
OPENING = r"[\s:=(\[*\"'“]*(?:(?i:option|choice)\s+)?[\s(\[*\"'“]*"
CLOSED = r"(?=\s*(?:[.)\]*:;,!\"'”]|$|\n))"
ITS_OWN_WORD = r"(?!-\w)(?!\.\s?(?!(?:because|since|as|so|it|this|that|the|which|is|and|in)\b)[a-z]{2,})"
"""What is no label goes on otherwise: a term with a hyphen (D-dimer), or the species after a genus (C. difficile)."""
AFTER_ARTICLE_LIKE = rf"(?:{CLOSED}|(?=\s+(?:because|since)\b))"


def _whole(said: str, options: tuple[Option, ...]) -> str | None:
    words = _words(said)
    labels = [option.label for option in options if _words(option.label) == words]
    return _only(labels) or _only(option.label for option in options if words in _forms(option))


def _stated(said: str, options: tuple[Option, ...]) -> str | None:
    places = sorted({match.end() for pattern in STATEMENTS for match in pattern.finditer(said)}, reverse=True)
    found = (_beginning(said[at:], options) or _label_at_start(said[at:], options) for at in places)
    return next((label for label in found if label), None)


def _beginning(said: str, options: tuple[Option, ...]) -> str | None:
    """The option that the text begins with; the longest, where one option's text begins another's."""
    words = f"{_words(said)} "
    begun = [(len(form), option.label) for option in options for form in _forms(option) if words.startswith(f"{form} ")]
    longest = max((length for length, _ in begun), default=0)
    return _only(label for length, label in begun if length == longest)


def _label_at_start(said: str, options: tuple[Option, ...], end: str | None = None) -> str | None:
    """The label that the text begins with. ``end`` is what must follow it; by default the end of a word, and
    for "A" and "I", which are words themselves, what cannot continue a sentence."""
    for label in sorted((option.label for option in options), key=len, reverse=True):
        follows = end or (AFTER_ARTICLE_LIKE if label in ("A", "I") else r"(?!\w)")
        if re.match(OPENING + re.escape(label) + ITS_OWN_WORD + follows, said):
            return label
    return None


def _pointed_at(said: str, options: tuple[Option, ...]) -> str | None:
    labels = "|".join(sorted((re.escape(option.label) for option in options), key=len, reverse=True))
    return _only(a or b for a, b in re.findall(rf"\(({labels})\)|(?i:\boption|\bchoice)\s+({labels})\b", said))


def _mentioned(said: str, options: tuple[Option, ...]) -> str | None:
    """The one option whose text occurs; a text inside another that occurs does not count ("insulin" in
    "insulin glargine")."""
    words = f" {_words(said)} "
    found = [(option.label, _words(option.text)) for option in options if f" {_words(option.text)} " in words]
    return _only(label for label, text in found if not any(text != other and f" {text} " in f" {other} " for _, other in found))


def _forms(option: Option) -> tuple[str, ...]:
    text = _words(option.text)
    return (text, f"{_words(option.label)} {text}") if text else ()


def _words(text: str) -> str:
    """Lower-case words with single spaces, without punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _only(labels: Iterable[str]) -> str | None:
    distinct = set(labels)
    return distinct.pop() if len(distinct) == 1 else None

"""The options of an option question, and which of them is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from jmlr_cli.contracts.values import Option
from jmlr_cli.questions.record import Record


def lettered(texts: Sequence[str]) -> tuple[Option, ...]:
    """Options labelled A, B, C … in their order; an empty text is left out and keeps its letter."""
    return tuple(Option(letter, text) for letter, text in zip(ascii_uppercase, texts, strict=False) if text)


def read_options(record: Record, name: str = "options") -> tuple[Option, ...]:
    """The options in a field: an object of label to text, a list of texts, or a list of {key, value} objects.

    Options without text are left out. Raises :class:`InputError` unless at least two are left.
    """
    value = record.fields[name]
    if isinstance(value, Mapping):
        options = tuple(Option(record.cleaned(label, name), record.cleaned(text, name)) for label, text in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        options = _listed(record, value, name)
    else:
        raise record.wrong(f"{name!r} must be an object of label to text or a list, not {type(value).__name__}")
    return checked(record, tuple(option for option in options if option.text))


def _listed(record: Record, items: Sequence[Any], name: str) -> tuple[Option, ...]:
    if len(items) > len(ascii_uppercase):
        raise record.wrong(f"{name!r} lists {len(items)} options", f"At most {len(ascii_uppercase)} can be labelled.")
    if items and all(isinstance(item, Mapping) for item in items):
        pairs = [(item.get("key", item.get("label")), item.get("value", item.get("text"))) for item in items]
        return tuple(Option(record.cleaned(label, name), record.cleaned(text, name)) for label, text in pairs)
    return lettered([record.cleaned(item, name) for item in items])


def checked(record: Record, options: tuple[Option, ...]) -> tuple[Option, ...]:
    """``options`` if they are at least two with different labels."""
    if len(options) < 2:
        raise record.wrong(f"only {len(options)} of its options has a text", "An option question needs at least two.")
    labels = [option.label for option in options]
    if len(set(labels)) < len(labels) or not all(labels):
        raise record.wrong(f"the options' labels {', '.join(map(repr, labels))} are not all different")
    return options


def indexed_label(record: Record, options: tuple[Option, ...], index: int, name: str) -> str:
    """The label of the option at ``index``, from 0, counted by letters: 1 is B."""
    label = ascii_uppercase[index] if 0 <= index < len(ascii_uppercase) else ""
    return known_label(record, options, label, f"{name!r} is {record.fields[name]!r}")


def known_label(record: Record, options: tuple[Option, ...], label: str, said: str) -> str:
    """``label`` if an option has it; otherwise the error that ``said``, and the labels there are."""
    if any(option.label == label for option in options):
        return label
    raise record.wrong(f"{said}, and the options are {', '.join(option.label for option in options)}")


def label_of(record: Record, options: tuple[Option, ...], answer: str, name: str) -> str:
    """The label of the option that ``answer`` means: its label, or the text of just one option."""
    for option in options:
        if answer.casefold() == option.label.casefold():
            return option.label
    same = [option.label for option in options if option.text.casefold() == answer.casefold()]
    return same[0] if len(same) == 1 else known_label(record, options, "", f"{name!r} is {answer!r}")

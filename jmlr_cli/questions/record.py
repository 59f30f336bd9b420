"""One record of a question file, which knows where it stands so that its errors can say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jmlr_cli.errors import InputError


@dataclass(frozen=True, slots=True)
class Record:
    """A record as its file holds it.

    ``place`` names the file and the line (or record); ``number`` is that line's or record's number,
    from 1. ``key`` is the id under which it stood and ``subset`` the group, where the file has them.
    """

    place: str
    number: int
    fields: Mapping[str, Any]
    key: str = ""
    subset: str = ""

    def wrong(self, what: str, hint: str = "") -> InputError:
        """The error that says ``what`` is wrong with this record."""
        return InputError(f"{self.place}: {what}", hint)

    def optional(self, name: str) -> str:
        """The text of a field, "" when it is missing or empty. Raises :class:`InputError` unless it is text or a number."""
        return self.cleaned(self.fields.get(name), name)

    def text(self, name: str) -> str:
        """The text of a field that must be there."""
        found = self.optional(name)
        if not found:
            raise self.wrong(f"{name!r} is missing or empty", f"Every record of this kind needs {name!r}: a text.")
        return found

    def cleaned(self, value: Any, name: str) -> str:
        """``value`` as stripped text; "" for nothing and for pandas' NaN. ``name`` says what it is."""
        if value is None or value != value:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.wrong(f"{name!r} must be a text, not {type(value).__name__}")
        return whole_characters(str(value)).strip()


def whole_characters(text: str) -> str:
    """``text`` with halves of surrogate pairs replaced, which no tokenizer could read."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text

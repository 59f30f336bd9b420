"""What a file says about itself, as metadata."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

LONGEST = 1000
"""Characters; a longer text is content, not metadata."""

PLAIN = (str, int, float, datetime.date)
PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)")


def plain_metadata(values: Mapping[Any, Any]) -> dict[str, str]:
    """The texts, numbers, dates and truth values of a mapping as texts, and lists of them joined by commas; all else, what is
    empty and what is too long is left out."""
    texts = {str(key): _text(value) for key, value in values.items()}
    return {key: text for key, text in texts.items() if 0 < len(text) <= LONGEST}


def pdf_date(text: str) -> str:
    """The day in a PDF's date such as ``D:20210305120000Z``, in ISO 8601; "" where there is none."""
    found = PDF_DATE.match(text)
    try:
        return datetime.date(*map(int, found.groups())).isoformat() if found else ""
    except ValueError:
        return ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, PLAIN):
        return str(value).strip()
    if isinstance(value, list) and all(isinstance(each, PLAIN) for each in value):
        return ", ".join(map(_text, value))
    return ""

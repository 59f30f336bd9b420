"""Bytes of a text file become text."""

from __future__ import annotations

import codecs
from pathlib import Path

from jmlr_cli.contracts.reader import UnreadableFile

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
FALLBACKS = ("utf-8-sig", "cp1252", "latin-1")

LARGEST = 16 * 2**20
"""Bytes of a file that is read as one document, and of one line of records: a parsed page takes fifty times as much memory."""


def content(path: Path) -> bytes:
    """What a file holds that is one document. Raises :class:`UnreadableFile` for one that is too large to be."""
    with path.open("rb") as handle:
        data = handle.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UnreadableFile(f"larger than {LARGEST // 2**20} MiB; split it, or make JSON lines of it")
    return data


def decoded(data: bytes) -> str:
    """The text in ``data``, its lines ended by "\\n": UTF-8, UTF-16 with a byte-order mark, Windows-1252 or Latin-1.

    Raises :class:`UnreadableFile` for what is no text.
    """
    text = _utf16(data) if data.startswith(UTF16_MARKS) else _eight_bit(data)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _utf16(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise UnreadableFile("damaged UTF-16") from error


def _eight_bit(data: bytes) -> str:
    if b"\0" in data:
        raise UnreadableFile("binary file")
    for encoding in FALLBACKS[:-1]:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode(FALLBACKS[-1])  # every byte is a Latin-1 character

"""Ids met so far, on disk: a corpus may have more documents than fit into memory."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b

CACHE = 32 * 1024
"""KiB of memory, at most."""


class Seen:
    """A set of texts that takes little memory: their 64-bit hashes in a temporary database, which goes with this object."""

    def __init__(self) -> None:
        # "" is a database that SQLite keeps in its cache, and in a temporary file once it outgrows that
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{CACHE}; BEGIN;")
        self._connection.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY)")
        self._any = False

    def __bool__(self) -> bool:
        """Whether anything was met."""
        return self._any

    def add(self, text: str) -> bool:
        """Whether ``text`` is met for the first time."""
        self._any = True
        digest = int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), signed=True)
        return self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount == 1

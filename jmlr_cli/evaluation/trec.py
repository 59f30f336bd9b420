"""TREC run files, which trec_eval and ir_measures read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from jmlr_cli.evaluation.documents import Ranking
from jmlr_cli.files import write_whole


def write_trec_run(path: Path, rankings: Mapping[str, Ranking], tag: str) -> None:
    """Write a line ``query Q0 document rank score tag`` for every ranked document, whole or not at all.

    The format has no way to quote white space, so that in an id or in the tag is written as in a URL (``%20``).
    Scores have the nine digits that tell any two float32 apart.
    """
    lines = [
        f"{one_word(query)} Q0 {one_word(document)} {rank} {score:.9g} {one_word(tag)}\n"
        for query, ranking in rankings.items()
        for rank, (document, score) in enumerate(ranking, start=1)
    ]
    write_whole(path, "".join(lines).encode())


def one_word(text: str) -> str:
    """``text`` with its white space percent-encoded."""
    return re.sub(r"\s", lambda found: quote(found.group()), text)

"""Who wrote a web page, when, and where it comes from, as its ``<meta>`` tags say."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup

from jmlr_plugins.readers.metadata import plain_metadata

NAMES = {
    "author": "author citation_author dc.creator dcterms.creator",
    "date": "date citation_publication_date dc.date dcterms.date dcterms.issued article:published_time datepublished",
    "source": "source dc.source dcterms.source citation_publisher dc.publisher dcterms.publisher og:site_name",
}
"""The names that pages use for a key, the surest first: plain ones, and those of Google Scholar, Dublin Core and Open Graph."""

SLASHED = re.compile(r"(\d{4})/(\d{1,2})(?:/(\d{1,2}))?")

ATTRIBUTES = ("name", "property", "itemprop")


def page_metadata(page: BeautifulSoup) -> dict[str, str]:
    """The page's ``author``, ``date`` and ``source``, as far as it tells them; several authors are joined by commas."""
    told: dict[str, list[str]] = {}
    for tag in page.find_all("meta", content=True):
        name = next((str(tag[key]).strip().lower() for key in ATTRIBUTES if tag.get(key)), "")
        told.setdefault(name, []).append(" ".join(str(tag["content"]).split()))
    found = {key: next((told[name] for name in names.split() if any(told.get(name, []))), []) for key, names in NAMES.items()}
    found["date"] = list(map(_iso, found["date"]))
    return plain_metadata({key: list(dict.fromkeys(values)) if key == "author" else values[:1] for key, values in found.items()})


def _iso(date: str) -> str:
    """A date as Google Scholar's tags have it (2019/12/30), as ISO 8601 writes it; another text as it is."""
    found = SLASHED.fullmatch(date)
    return "-".join(part.zfill(2) for part in found.groups() if part) if found else date

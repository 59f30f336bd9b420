"""What the pages need beyond their Markdown: a link to a file outside docs/, which is not part of the site, becomes its name."""

from __future__ import annotations

import re
from typing import Any

OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page's text as mkdocs is to read it."""
    return OUTSIDE.sub(r"\1", markdown)

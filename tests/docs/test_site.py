"""The documentation as pages: they are built without a warning, and load nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOADED = re.compile(r"""<(?:script|img|iframe|link(?=[^>]*rel="?stylesheet))[^>]*(?:src|href)=["']?(\w+:[^"'\s>]*)""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", str(ROOT / "mkdocs.yml")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run([*command, "--site-dir", str(into)], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return into


def test_every_document_is_a_page_of_the_site(site):
    pages = {path.stem for path in site.glob("*.html")}
    assert pages == {path.stem for path in (ROOT / "docs").glob("*.md")} | {"404"}
    entries = (site / "index.html").read_text(encoding="utf-8")
    assert not [page for page in pages - {"404"} if f'href="{page}.html"' not in entries], "not in the navigation"


def test_no_page_loads_anything_from_elsewhere(site):
    pages = {path.name: LOADED.findall(path.read_text(encoding="utf-8")) for path in site.glob("*.html")}
    assert not {name: found for name, found in pages.items() if found}
    assert LOADED.findall('<script src="https://elsewhere/x.js">') == ["https://elsewhere/x.js"]


def test_a_link_out_of_the_documents_is_only_its_name(site):
    page = (site / "comparing.html").read_text(encoding="utf-8")
    assert "significance.py" in page
    assert 'href="../' not in page


def test_the_recorded_terminal_loads_nothing_and_names_no_folder_of_a_machine():
    picture = (ROOT / "docs" / "pictures" / "terminal.svg").read_text(encoding="utf-8")
    assert "jmlr compare" in picture.replace("&#160;", " ")
    assert not re.search(r"@import|url\(\s*['\"]?\w+:|<image|href=", picture)
    assert not re.search(r"(?<!~)/(?:home|root|tmp|work)/", picture)

"""Every reader that comes with jmlr does what `jmlr_cli.testing` asks of anybody's."""

from __future__ import annotations

import pytest

from jmlr_cli.testing import ReaderSuite
from jmlr_plugins.readers.html import HTMLReader
from jmlr_plugins.readers.jsonl import JSONLinesReader
from jmlr_plugins.readers.markdown import MarkdownReader
from jmlr_plugins.readers.pdf import PDFReader
from jmlr_plugins.readers.text import TextReader
from jmlr_plugins.readers.tsv import TSVReader


class TestText(ReaderSuite):
    plugin = TextReader
    content = b"Gout\n\nTREATMENT\nColchicine or naproxen.\n"
    words = ("Gout", "Colchicine")


class TestMarkdown(ReaderSuite):
    plugin = MarkdownReader
    content = b"---\nsource: WHO\n---\n# Gout\n\n## Treatment\nColchicine or *naproxen*.\n"
    words = ("Gout", "Treatment", "Colchicine", "naproxen")


class TestHTML(ReaderSuite):
    plugin = HTMLReader
    content = b"<html><head><title>Gout</title></head><body><h1>Gout</h1><h2>Treatment</h2><p>Colchicine.</p></body></html>"
    words = ("Gout", "Treatment", "Colchicine")


class TestPDF(ReaderSuite):
    plugin = PDFReader
    words = ("Colchicine",)

    @pytest.fixture(autouse=True)
    def written(self, make_pdf):
        type(self).content = make_pdf([["Gout", "Colchicine or naproxen treats an attack."]], title="Gout")


class TestJSONLines(ReaderSuite):
    plugin, whole = JSONLinesReader, False
    content = b'{"_id": "1", "title": "Gout", "text": "Colchicine."}\n{"_id": "2", "text": "Permethrin.", "year": 2020}\n'
    words = ("Gout", "Colchicine", "Permethrin")


class TestTSV(ReaderSuite):
    plugin, whole = TSVReader, False
    content = b"1\tColchicine treats gout.\tGout\n2\tPermethrin treats scabies.\n"
    words = ("Gout", "Colchicine", "Permethrin")

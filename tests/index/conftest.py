"""A retriever that is as simple as one can be, and keeps a piece for each passage."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import pytest

from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.progress import silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match, Passage, passage_id
from jmlr_cli.files import write_json


class Overlap(Retriever):
    """Counts shared words. ``encoded`` lists what was encoded, in order; ``seconds`` is what one passage takes."""

    seconds = 0.0

    def __init__(self, config=RetrieverConfig(plugin="overlap")):  # noqa: B008 - it never changes
        super().__init__(config)
        self.encoded: list[str] = []
        self.calls: list[str] = []

    @property
    def fingerprint(self):
        return f"overlap {self.config.checkpoint}"

    def build(self, passages, into, progress=silent):
        self.calls.append("build")
        self._finish(into, {}, passages, progress)

    def update(self, old, into, added, removed, progress=silent):
        self.calls.append("update")
        kept = {id: words for id, words in json.loads((old / "words.json").read_text()).items() if id not in removed}
        self._finish(into, kept, added, progress)

    def _finish(self, into, kept, added, progress):
        pieces = into / "pieces"
        pieces.mkdir(exist_ok=True)
        words = dict(kept)
        for passage in added:
            piece = pieces / f"{passage.id}.json"
            if not piece.exists():
                self.encoded.append(passage.id)
                time.sleep(self.seconds)
                write_json(piece, passage.content.split())
            words[passage.id] = json.loads(piece.read_text())
            progress(1)
        (into / "words.json").write_text(json.dumps(words, sort_keys=True))
        shutil.rmtree(pieces)

    def open(self, at):
        self._words = json.loads((at / "words.json").read_text())

    def search(self, queries, k, only=None):
        return [self._best(set(query.split()), k, only) for query in queries]

    def _best(self, wanted, k, only):
        found = [Match(id, float(len(wanted & set(words)))) for id, words in self._words.items() if only is None or id in only]
        return sorted(found, key=lambda match: (-match.score, match.passage_id))[:k]


@pytest.fixture
def overlap() -> type[Overlap]:
    return Overlap


@pytest.fixture
def passages():
    """Passages of one document with these texts."""

    def made(*texts: str, document: str = "d", **metadata: str) -> list[Passage]:
        return [Passage(passage_id(document, "", text), document, "", text, n, metadata) for n, text in enumerate(texts)]

    return made


@pytest.fixture
def slow_build() -> list[str]:
    """The command of a process that builds ``sys.argv[1]`` slowly, of ``sys.argv[2]`` passages."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path; from conftest import Overlap\n"
        "from jmlr_cli.contracts.values import Passage, passage_id\n"
        "from jmlr_cli.index.build import build_index\n"
        "Overlap.seconds = 0.02\n"
        "texts = [f'word{n} text' for n in range(int(sys.argv[2]))]\n"
        "build_index(Path(sys.argv[1]), Overlap(), [Passage(passage_id('d', '', t), 'd', '', t, n) "
        "for n, t in enumerate(texts)], 400)\n"
    )
    return [sys.executable, "-c", code]

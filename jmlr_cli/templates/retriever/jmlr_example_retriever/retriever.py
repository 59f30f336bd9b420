"""Passages by how many of the question's words they hold."""

import re

from pydantic import Field

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.progress import silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match
from jmlr_cli.files import read_json, write_json


class ExampleRetrieverOptions(Section):
    shortest: int = Field(1, ge=1, description="Letters in the shortest word that counts.")


class ExampleRetriever(Retriever):
    """The score is the number of different words that the question and a passage share."""

    Options, unmatched_score = ExampleRetrieverOptions, 0.0

    @property
    def fingerprint(self):
        return f"example-retriever/1 shortest={self.options.shortest}"

    def build(self, passages, into, progress=silent):
        self.write(into, {}, passages, progress)

    def update(self, old, into, added, removed, progress=silent):
        kept = {id: words for id, words in read_json(old / "words.json").items() if id not in removed}
        self.write(into, kept, added, progress)

    def write(self, into, words, added, progress):
        for passage in added:
            words[passage.id] = sorted(self.words(passage.content))
            progress(1)
        write_json(into / "words.json", words)

    def open(self, at):
        self.index = {id: set(words) for id, words in read_json(at / "words.json").items()}

    def search(self, queries, k, only=None):
        ids = self.index.keys() if only is None else self.index.keys() & only
        return [self.best(self.words(query), k, ids) for query in queries]

    def best(self, wanted, k, ids):
        matches = (Match(id, float(len(wanted & self.index[id]))) for id in ids)
        return sorted(matches, key=lambda match: (-match.score, match.passage_id))[:k]

    def words(self, text):
        return {word for word in re.findall(r"\w+", text.lower()) if len(word) >= self.options.shortest}

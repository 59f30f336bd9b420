"""One vector a passage: the mean of its words' vectors, which begin at random and learn."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Match, Passage
from jmlr_cli.files import read_json, sha256, write_json

BUCKETS, WIDTH = 4096, 32
WEIGHTS = "words.safetensors"


class WardWords(TrainableRetriever):
    """Compares by cosine. A word is known by its hash, so that no vocabulary is needed."""

    @property
    def weights(self) -> Path | None:
        return Path(self.config.checkpoint) / WEIGHTS if self.config.checkpoint else None

    @property
    def fingerprint(self) -> str:
        return f"ward-words/1 {sha256(self.weights) if self.weights else 'new'}"

    @cached_property
    def module(self) -> torch.nn.EmbeddingBag:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            bag = torch.nn.EmbeddingBag(BUCKETS, WIDTH)
        if self.weights:
            bag.load_state_dict(load_file(self.weights))
        return bag

    def encode_queries(self, texts: Sequence[str]) -> torch.Tensor:
        numbers = [[zlib.crc32(word.encode()) % BUCKETS for word in re.findall(r"\w+", text.lower())] for text in texts]
        starts = torch.tensor([0, *map(len, numbers[:-1])]).cumsum(0)
        flat = torch.tensor([number for each in numbers for number in each], dtype=torch.long)
        return torch.nn.functional.normalize(self.module(flat, starts), dim=1)

    encode_passages = encode_queries

    def score(self, queries: torch.Tensor, passages: torch.Tensor) -> torch.Tensor:
        return (queries.unsqueeze(1) * passages.view(len(queries), -1, WIDTH)).sum(-1)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.module.state_dict(), folder / WEIGHTS)

    def build(self, passages: Iterable[Passage], into: Path, progress: Progress = silent) -> None:
        self._write(into, {}, passages, progress)

    def update(
        self, old: Path, into: Path, added: Iterable[Passage], removed: AbstractSet[str], progress: Progress = silent
    ) -> None:
        kept = {id: vector for id, vector in read_json(old / "vectors.json").items() if id not in removed}
        self._write(into, kept, added, progress)

    def _write(self, into: Path, vectors: dict[str, list[float]], added: Iterable[Passage], progress: Progress) -> None:
        for passage in added:
            with torch.no_grad():
                vectors[passage.id] = self.encode_passages([passage.content])[0].tolist()
            progress(1)
        write_json(into / "vectors.json", vectors)

    def open(self, at: Path) -> None:
        found = read_json(at / "vectors.json")
        self._ids, self._vectors = list(found), torch.tensor(list(found.values())).view(-1, WIDTH)

    def search(self, queries: Sequence[str], k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        with torch.no_grad():
            return [self._best(self.encode_queries([query])[0], k, only) for query in queries]

    def _best(self, query: torch.Tensor, k: int, only: AbstractSet[str] | None) -> list[Match]:
        scored = zip(self._ids, (self._vectors * query).sum(1).tolist(), strict=True)
        matches = [Match(id, score) for id, score in scored if only is None or id in only]
        return sorted(matches, key=lambda match: (-match.score, match.passage_id))[:k]

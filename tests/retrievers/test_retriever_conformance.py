"""Every retriever that comes with jmlr does what `jmlr_cli.testing` asks of anybody's."""

from __future__ import annotations

import shutil
from typing import Any, ClassVar

import pytest

from jmlr_cli.testing import RetrieverSuite, TrainableRetrieverSuite
from jmlr_plugins.retrievers.bm25 import BM25Retriever
from jmlr_plugins.retrievers.colbert import ColBERTRetriever
from jmlr_plugins.retrievers.dense import DenseRetriever
from jmlr_plugins.retrievers.hybrid import HybridRetriever
from jmlr_plugins.retrievers.qdrant import QdrantRetriever
from jmlr_plugins.retrievers.rerank import RerankRetriever

FULL = {"precision": "float32"}
ALIKE = {"query_length": 0, "query_marker": "[unused1]", "mask_punctuation": False}
"""ColBERT options with which a question is encoded as a passage is: even random weights then find a text by itself."""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Builds write their work in pieces of thousands of passages; here of a few, so that they can be gone on with."""
    monkeypatch.setattr("jmlr_plugins.retrievers.encoder_retriever.PIECE", 4)
    monkeypatch.setattr("jmlr_plugins.retrievers.token_build.LEAST", 0)


class WithWeights:
    """A retriever that reads the tiny encoder."""

    @pytest.fixture
    def create(self, retriever, encoder_folder):
        return lambda checkpoint=encoder_folder, **more: retriever(self.name, checkpoint=checkpoint, **{**self.options, **more})

    def test_the_fingerprint_depends_on_content_not_on_place(self, create, encoder_folder, tmp_path):
        copy = shutil.copytree(encoder_folder, tmp_path / "elsewhere")
        assert create().fingerprint == create(checkpoint=copy).fingerprint


class TestBM25(RetrieverSuite):
    plugin = BM25Retriever


class TestDense(WithWeights, TrainableRetrieverSuite):
    plugin, name = DenseRetriever, "dense"
    options: ClassVar[dict[str, Any]] = FULL


class TestColBERT(WithWeights, TrainableRetrieverSuite):
    plugin, name = ColBERTRetriever, "colbert"
    options: ClassVar[dict[str, Any]] = FULL
    score_tolerance = 32 * 2**-11  # the index rounds vectors to float16: the errors of up to 32 tokens add up

    @pytest.fixture
    def create_literal(self, create):
        return lambda: create(**ALIKE)


class TestCompressedColBERT(TestColBERT):
    options: ClassVar[dict[str, Any]] = {**FULL, "keep_up_to": 0}
    score_tolerance = None
    update_is_exact = False  # it keeps the codebook of its first build: test_token_build.py compares with that

    @pytest.mark.xfail(raises=IndexError, reason="a compressed index cannot be searched among no passages at all")
    def test_a_filter_that_nothing_passes_finds_nothing(self, create, tmp_path):
        super().test_a_filter_that_nothing_passes_finds_nothing(create, tmp_path)


class TestHybrid(WithWeights, RetrieverSuite):
    plugin, name = HybridRetriever, "hybrid"
    options: ClassVar[dict[str, Any]] = {"retrievers": [{"plugin": "bm25"}, {"plugin": "dense", "options": FULL}]}
    filter_keeps_scores = False  # ranks are counted among what passes


class TestRerank(WithWeights, RetrieverSuite):
    plugin, name = RerankRetriever, "rerank"
    options: ClassVar[dict[str, Any]] = FULL

    @pytest.fixture
    def create(self, retriever, cross_encoder_folder):
        return lambda checkpoint=cross_encoder_folder, **more: retriever("rerank", checkpoint=checkpoint, **{**FULL, **more})

    @pytest.fixture
    def create_literal(self, create):
        return lambda: create(depth=1)  # an untrained cross-encoder may prefer any passage: it gets no other than are asked for


class TestQdrant(WithWeights, TrainableRetrieverSuite):
    plugin, name = QdrantRetriever, "qdrant"
    options: ClassVar[dict[str, Any]] = {"encoder_options": FULL}

    @pytest.fixture(autouse=True)
    def client(self):
        pytest.importorskip("qdrant_client")

    @pytest.fixture
    def create_literal(self, create):
        return lambda: create(encoder_options={**FULL, **ALIKE})


class TestQdrantWithDense(TestQdrant):
    options: ClassVar[dict[str, Any]] = {"encoder": "dense", "encoder_options": FULL}

    @pytest.fixture
    def create_literal(self, create):
        return create

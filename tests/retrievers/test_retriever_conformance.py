"""Every retriever that comes with jmlr does what `jmlr_cli.testing` asks of anybody's. Those that encode are in another file."""

from __future__ import annotations

import shutil

import pytest

from jmlr_cli.testing import RetrieverSuite, TrainableRetrieverSuite
from jmlr_plugins.retrievers.bm25.retriever import BM25Retriever
from jmlr_plugins.retrievers.combined.hybrid import HybridRetriever
from jmlr_plugins.retrievers.combined.rerank import RerankRetriever
from jmlr_plugins.retrievers.qdrant.retriever import QdrantRetriever

pytestmark = pytest.mark.usefixtures("small_pieces")
FULL = {"precision": "float32"}
HYBRID = {"retrievers": [{"plugin": "bm25"}, {"plugin": "dense", "options": FULL}]}
ALIKE = {"query_length": 0, "query_marker": "[unused1]", "mask_punctuation": False}
"""ColBERT options with which a question is encoded as a passage is: even random weights then find a text by itself."""


class TestBM25(RetrieverSuite):
    plugin = BM25Retriever


class TestHybrid(RetrieverSuite):
    plugin = HybridRetriever
    filter_keeps_scores = False  # ranks are counted among what passes

    @pytest.fixture
    def create(self, with_encoder):
        return with_encoder("hybrid", HYBRID)


class TestRerank(RetrieverSuite):
    plugin = RerankRetriever

    @pytest.fixture
    def create(self, with_encoder, cross_encoder_folder):
        make = with_encoder("rerank", FULL)
        return lambda checkpoint=cross_encoder_folder, **options: make(checkpoint, **options)

    @pytest.fixture
    def create_literal(self, create):
        return lambda: create(depth=1)  # an untrained cross-encoder may prefer any passage: it gets no other than are asked for


class TestQdrant(TrainableRetrieverSuite):
    plugin = QdrantRetriever

    @pytest.fixture
    def create(self, with_encoder):
        pytest.importorskip("qdrant_client")
        return with_encoder("qdrant", {"encoder_options": FULL})

    @pytest.fixture
    def create_literal(self, create):
        return lambda: create(encoder_options={**FULL, **ALIKE})


class TestQdrantWithDense(TrainableRetrieverSuite):
    plugin = QdrantRetriever

    @pytest.fixture
    def create(self, with_encoder):
        pytest.importorskip("qdrant_client")
        return with_encoder("qdrant", {"encoder": "dense", "encoder_options": FULL})


@pytest.mark.parametrize(("plugin", "options"), [("dense", FULL), ("colbert", FULL), ("hybrid", HYBRID)])
def test_the_fingerprint_depends_on_content_not_on_place(plugin, options, with_encoder, encoder_folder, tmp_path):
    create, copy = with_encoder(plugin, options), shutil.copytree(encoder_folder, tmp_path / "elsewhere")
    assert create().fingerprint == create(checkpoint=copy).fingerprint

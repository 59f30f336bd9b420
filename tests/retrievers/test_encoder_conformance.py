"""The retrievers that encode do what `jmlr_cli.testing` asks of anybody's."""

from __future__ import annotations

import pytest

from jmlr_cli.testing import TrainableRetrieverSuite
from jmlr_plugins.retrievers.colbert.retriever import ColBERTRetriever
from jmlr_plugins.retrievers.dense.retriever import DenseRetriever

pytestmark = pytest.mark.usefixtures("small_pieces")
FULL = {"precision": "float32"}
ALIKE = {"query_length": 0, "query_marker": "[unused1]", "mask_punctuation": False}
"""Options with which a question is encoded as a passage is: even random weights then find a text by itself."""


class TestDense(TrainableRetrieverSuite):
    plugin = DenseRetriever

    @pytest.fixture
    def create(self, with_encoder):
        return with_encoder("dense", FULL)


class TestColBERT(TrainableRetrieverSuite):
    plugin = ColBERTRetriever
    score_tolerance = 32 * 2**-11  # the index rounds vectors to float16: the errors of up to 32 tokens add up

    @pytest.fixture
    def create(self, with_encoder):
        return with_encoder("colbert", FULL)

    @pytest.fixture
    def create_literal(self, create):
        return lambda: create(**ALIKE)


class TestCompressedColBERT(TestColBERT):
    score_tolerance = None
    update_is_exact = False  # it keeps the codebook of its first build: test_token_build.py compares with that

    @pytest.fixture
    def create(self, with_encoder):
        return with_encoder("colbert", {**FULL, "keep_up_to": 0})

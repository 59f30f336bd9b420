"""Every objective that comes with jmlr does what `jmlr_cli.testing` asks of anybody's."""

from __future__ import annotations

from typing import Any, ClassVar

from jmlr_cli.testing import ObjectiveSuite
from jmlr_plugins.objectives.emdr2 import EMDR2
from jmlr_plugins.objectives.kl import KLDistillation
from jmlr_plugins.objectives.llm_rank import LLMRank
from jmlr_plugins.objectives.rag_sequence import RAGSequence


class TestLLMRank(ObjectiveSuite):
    plugin = LLMRank


class TestLLMRankByGap(ObjectiveSuite):
    plugin = LLMRank
    options: ClassVar[dict[str, Any]] = {"pair_weight": "nll-gap"}


class TestKL(ObjectiveSuite):
    plugin = KLDistillation


class TestKLAsREPLUG(ObjectiveSuite):
    plugin = KLDistillation
    options: ClassVar[dict[str, Any]] = {"direction": "replug"}


class TestEMDR2(ObjectiveSuite):
    plugin = EMDR2


class TestRAGSequence(ObjectiveSuite):
    plugin = RAGSequence

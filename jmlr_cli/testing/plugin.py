"""What an installed plugin must do as a whole."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import ClassVar

import pytest

from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.objective import Objective
from jmlr_cli.contracts.reader import Reader
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.task import Task
from jmlr_cli.plugins import GROUP, Offer, Registry

BASES: dict[str, type] = {
    "retriever": Retriever,
    "generator": Generator,
    "objective": Objective,
    "task": Task,
    "reader": Reader,
}
HEAVY = ("torch", "transformers", "faiss", "peft", "numpy", "matplotlib")
"""What `jmlr --help` does not wait for."""


class PluginSuite:
    """Inherit it, and name the ``distribution`` as pip knows it; it must be installed (``pip install --editable .``)."""

    distribution: ClassVar[str]

    @pytest.fixture
    def installed(self) -> Registry:
        """The registry of this distribution's entry points alone."""
        found = [entry for entry in entry_points(group=GROUP) if entry.dist and entry.dist.name == self.distribution]
        assert found, f"{self.distribution} is not installed, or has no entry point in the group {GROUP!r}"
        return Registry(found)

    def test_it_loads(self, installed: Registry) -> None:
        assert {plugin.name: plugin.error for plugin in installed.plugins} == {each.name: "" for each in installed.plugins}
        assert installed.offers

    def test_everything_that_it_offers_is_there_and_of_its_kind(self, installed: Registry) -> None:
        for offer in installed.offers:
            target = installed.get(offer.kind, offer.name)
            assert offer.kind not in BASES or issubclass(target, BASES[offer.kind]), offer

    def test_everything_that_it_offers_says_what_it_is(self, installed: Registry) -> None:
        assert [offer.name for offer in installed.offers if not offer.summary] == []

    def test_no_name_is_taken(self, installed: Registry) -> None:
        def others(offer: Offer) -> list[str]:
            return [each.plugin for each in everything.offers if (each.kind, each.name) == (offer.kind, offer.name)]

        everything = Registry(list(entry_points(group=GROUP)))
        assert {offer.name: others(offer) for offer in installed.offers if len(others(offer)) > 1} == {}

    def test_loading_it_imports_nothing_heavy(self, installed: Registry) -> None:
        modules = [entry.module for entry in entry_points(group=GROUP) if entry.dist and entry.dist.name == self.distribution]
        code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert set(HEAVY) & set(done.stdout.split()) == set()

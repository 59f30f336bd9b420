"""Finds plugins, keeps a broken one from hurting the others, and hands out what they registered."""

from __future__ import annotations

import difflib
import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from jmlr_cli import hookspecs
from jmlr_cli.errors import InputError, MissingError

GROUP = "jmlr"
"""The entry-point group of plugins."""

KINDS = ("retriever", "generator", "objective", "task", "reader", "command")


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that a plugin offers. ``plugin`` is the distribution it comes from."""

    kind: str
    name: str
    target: str | Callable[..., Any]
    summary: str
    plugin: str


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin; ``error`` says why it could not be loaded, and is "" otherwise. ``seconds`` is what loading took."""

    name: str
    distribution: str
    version: str
    error: str = ""
    seconds: float = 0.0


class Registry:
    """Everything the loaded plugins offer."""

    def __init__(self, found: list[EntryPoint]) -> None:
        self.plugins: list[Plugin] = []
        self.offers: list[Offer] = []
        for entry in sorted(found, key=lambda e: (e.name, e.value)):
            self._load(entry)

    def _load(self, entry: EntryPoint) -> None:
        distribution = entry.dist.name if entry.dist else entry.value
        version = entry.dist.version if entry.dist else ""
        offers: list[Offer] = []
        start, reason = time.perf_counter(), ""
        try:
            offers = list(_offers(entry.load(), distribution))
        except Exception as error:  # whatever a third party's import raises
            reason = f"{type(error).__name__}: {error}"
        self.plugins.append(Plugin(entry.name, distribution, version, reason, time.perf_counter() - start))
        self.offers.extend(offers)

    def names(self, kind: str) -> list[str]:
        """The names of one kind, sorted."""
        return sorted({offer.name for offer in self.offers if offer.kind == kind})

    def get(self, kind: str, name: str) -> Any:
        """The class, or command, that plugins registered under ``name``.

        Raises :class:`InputError` when there is none or more than one, and
        :class:`MissingError` when it cannot be imported.
        """
        offers = [offer for offer in self.offers if (offer.kind, offer.name) == (kind, name)]
        if not offers:
            raise InputError(f"no plugin offers a {kind} named {name!r}", self._hint(kind, name))
        if len(offers) > 1:
            both = " and ".join(f"{offer.plugin} ({_described(offer.target)})" for offer in offers)
            raise InputError(f"{len(offers)} plugins offer a {kind} named {name!r}: {both}", "Uninstall all but one of them.")
        return _resolve(offers[0])

    @property
    def broken(self) -> str:
        """The plugins that could not be loaded, as a sentence; "" when all could."""
        broken = [f"{plugin.name} ({plugin.error})" for plugin in self.plugins if plugin.error]
        return f"Broken plugins: {'; '.join(broken)}." if broken else ""

    def _hint(self, kind: str, name: str) -> str:
        close = difflib.get_close_matches(name, self.names(kind), n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(self.names(kind))}."
        return f"{hint} {self.broken}".rstrip()


def _offers(module: object, distribution: str) -> Iterator[Offer]:
    manager = pluggy.PluginManager("jmlr")
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    for kind in KINDS:
        found: list[Offer] = []

        def register(name: str, target: str | Callable[..., Any], summary: str = "") -> None:
            found.append(Offer(kind, name, target, summary, distribution))  # noqa: B023 - called below, at once

        getattr(manager.hook, f"jmlr_{kind}s")(register=register)
        yield from found


def _described(target: str | Callable[..., Any]) -> str:
    return target if isinstance(target, str) else f"{target.__module__}:{getattr(target, '__qualname__', type(target).__name__)}"


def _resolve(offer: Offer) -> Any:
    if not isinstance(offer.target, str):
        return offer.target
    module, _, attribute = offer.target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever a third party's import raises
        reason = str(error) if isinstance(error, (ImportError, AttributeError)) else f"{type(error).__name__}: {error}"
        raise MissingError(
            f"the {offer.kind} {offer.name!r} of {offer.plugin} cannot be imported: {reason}",
            "Install what it needs, or choose another plugin (`jmlr plugins`).",
        ) from error


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The plugins installed here, loaded once."""
    return Registry(list(entry_points(group=GROUP)))

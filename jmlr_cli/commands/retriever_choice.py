"""Which retriever a command's options name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jmlr_cli.answering.system import DEFAULT_RECIPE
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.errors import InputError
from jmlr_cli.plugins import registry
from jmlr_cli.recipe.load import load_recipe, overridden
from jmlr_cli.runs.find import finished, open_run


def chosen_retriever(
    plugin: str | None, recipe: str | None, run: str | None, overrides: Sequence[str]
) -> tuple[RetrieverConfig, int]:
    """The retriever to index with, and the longest passage in words.

    ``--run`` takes the run's trained retriever; ``--retriever`` replaces the recipe's plugin, and keeps its
    checkpoint when the plugin reads one of the same kind.
    """
    if run:
        if plugin or recipe:
            raise InputError("--run excludes --recipe and --retriever", "Name the run alone, or the others.")
        opened = finished(open_run(run))
        wanted = replace(opened, recipe=overridden(opened.recipe, overrides))
        return wanted.retriever_config, wanted.recipe.data.passage_words
    loaded = load_recipe(recipe or DEFAULT_RECIPE, [*retriever_overrides(plugin), *overrides])
    return loaded.retriever, loaded.data.passage_words


def retriever_overrides(plugin: str | None) -> list[str]:
    """``--retriever PLUGIN`` as overrides of a recipe: its checkpoint stays unless the plugin reads none."""
    if plugin is None:
        return []
    needs_checkpoint = registry().get("retriever", plugin).needs_checkpoint
    return [f"retriever.plugin={plugin}", *([] if needs_checkpoint else ["retriever.checkpoint="])]

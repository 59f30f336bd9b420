"""Recipe sections become the plugins they name."""

from __future__ import annotations

from typing import Any, cast

from pydantic import ValidationError

from jmlr_cli.contracts.config import GeneratorConfig, RetrieverConfig
from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.objective import Objective
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.errors import InputError
from jmlr_cli.plugins import registry
from jmlr_cli.recipe.load import complaints
from jmlr_cli.recipe.schema import ObjectiveConfig


def make_retriever(config: RetrieverConfig) -> Retriever:
    """The retriever that a recipe's section names, its weights not loaded yet."""
    return cast(Retriever, _made("retriever", config.plugin, config))


def make_generator(config: GeneratorConfig) -> Generator:
    """The generator that a recipe's section names, its weights not loaded yet."""
    return cast(Generator, _made("generator", config.plugin, config))


def make_objective(config: ObjectiveConfig) -> Objective:
    """The objective that a recipe's section names."""
    return cast(Objective, _made("objective", config.plugin, config.options))


def _made(kind: str, name: str, argument: object) -> object:
    plugin: Any = registry().get(kind, name)
    try:
        return plugin(argument)
    except ValidationError as error:
        mistakes = "; ".join(phrase for _, phrase in complaints(error, plugin.Options, (kind, "options")))
        raise InputError(
            f"the {kind} {name!r} does not take these options: {mistakes}", "docs/recipes.md lists every option."
        ) from None

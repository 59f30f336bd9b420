"""What is measured, and the recipe of it."""

from __future__ import annotations

from dataclasses import dataclass

from jmlr_cli.contracts.config import LoraConfig
from jmlr_cli.recipe.load import load_recipe
from jmlr_cli.recipe.schema import Recipe

CONTEXT = {"tiny": 2048, "small": 4096, "llama2-7b": 4096}


@dataclass(frozen=True, slots=True)
class Settings:
    """What is measured. ``passage_tokens``: shortest and longest passage, in the language model's tokens."""

    shape: str
    dtype: str
    candidates: int
    sample: int
    read: int
    rank: int
    seed: int
    passage_tokens: tuple[int, int]
    overrides: tuple[str, ...] = ()


def make_recipe(settings: Settings, encoder: str = "", decoder: str = "") -> Recipe:
    """The recipe of a joint run with these two models. Raises :class:`jmlr_cli.errors.InputError` for sizes that
    do not nest and overrides that do not exist."""
    targets = ", ".join(LoraConfig().targets)
    return load_recipe(
        "small",
        [
            f"retriever.checkpoint={encoder}",
            "retriever.train=true",
            f"generator.model={decoder}",
            f"generator.dtype={settings.dtype}",
            f"generator.context={CONTEXT[settings.shape]}",
            f"generator.lora={{r: {settings.rank}, alpha: {2 * settings.rank}, dropout: 0, targets: [{targets}]}}",
            f"candidates={{pool: {settings.candidates}, sample: {settings.sample}, read: {settings.read}}}",
            "objective.plugin=llm-rank",
            "objective.weight=1",
            f"training.seed={settings.seed}",
            *settings.overrides,
        ],
    )

"""What is tried: each changes one thing of the recipe ``small``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trial:
    """``overrides`` of the recipe, as ``jmlr train --set`` takes them; ``others`` passages from other questions' pools are
    scored beside each question's own."""

    name: str
    overrides: tuple[str, ...] = ()
    others: int = 0


BATCH = ("training.batch_size=4", "training.accumulate=1")
IN_BATCH = "candidates.in_batch_negatives=true"

TRIALS = (
    Trial("small"),
    Trial("rate-1e-5", ("training.retriever_learning_rate=1e-5",)),
    Trial("rate-2e-5", ("training.retriever_learning_rate=2e-5",)),
    Trial("rate-1e-4", ("training.retriever_learning_rate=1e-4",)),
    Trial("projection-x5", ("retriever.options.projection_lr_scale=5",)),
    Trial("beta-0.1", ("objective.options.lm_temperature=0.1",)),
    Trial("beta-1", ("objective.options.lm_temperature=1",)),
    Trial("gamma-0.5", ("objective.options.retriever_temperature=0.5",)),
    Trial("gamma-2", ("objective.options.retriever_temperature=2",)),
    Trial("5-of-10", ("candidates.sample=5",)),
    Trial("whole-way", ("training.retriever_interpolation=1",)),
    Trial("5-of-30-sharp", ("candidates.pool=30", "candidates.sample=5", "candidates.draw_temperature=0.25")),
    Trial("10-of-20", ("candidates.pool=20",)),
    Trial("20-of-20", ("candidates.pool=20", "candidates.sample=20")),
    Trial("others-10", others=10),
    Trial("in-batch", (*BATCH, IN_BATCH)),
    Trial("5-of-10-in-batch", (*BATCH, IN_BATCH, "candidates.sample=5")),
    Trial("5-of-10-query-only", ("candidates.sample=5", "candidates.refresh=query-only")),
    Trial("kl", ("objective.plugin=kl",)),
    Trial("llm-rank", ("objective={plugin: llm-rank}",)),
    Trial("llm-rank-weighted", ("objective={plugin: llm-rank, options: {scale: 3, pair_weight: nll-gap}}",)),
)
"""The recipe as it is, then what differs from it."""


def recipe_arguments(trial: Trial, seed: int, steps: int, given: Sequence[str]) -> list[str]:
    """The overrides ``given`` to all trials, then a trial's own, which count where both set one key."""
    return [f"training.seed={seed}", f"training.max_steps={steps}", *given, *trial.overrides]

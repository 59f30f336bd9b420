"""The two steps side by side, on the same model objects."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

import torch
from measures import Phases, operations_of, seconds_of
from published_step import PublishedStep
from workload import Workload

SIDES = ("ours", "published")
LOSSES = ("lm_loss", "rank_loss")


class Comparison:
    """Runs both sides in turns. Each has an optimizer of its own at the rate 0, so the weights never move: every
    step of either side starts from the same ones, and their losses can be compared at each."""

    def __init__(self, work: Workload) -> None:
        self.work = work
        published = PublishedStep(work.module.generator, work.module.retriever, *_sizes(work))
        self.losses: dict[str, Any] = {"ours": lambda: work.module([work.item]), "published": lambda: published(work.item)}
        self.optimizers = {side: work.optimizer() for side in SIDES}
        self.seconds: dict[str, list[float]] = {side: [] for side in SIDES}
        self.outcomes: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        self.operations: dict[str, int] = {}
        self.gradients: dict[str, dict[str, float]] = {}
        self.tokens = 0

    def step(self, side: str) -> Any:
        """One whole step: losses, backward, AdamW."""
        outcome = self._forward(side)
        outcome.loss.backward()
        self._update(side)
        return outcome

    def check(self) -> None:
        """Run each side once, untimed: its operations, its gradients, the tokens that the language model reads."""
        gradients = {}
        for side in SIDES:
            self.operations[side], outcome = operations_of(partial(self._backward, side))
            gradients[side] = self._gradients()
            self._update(side)
            self._remember(side, outcome)
            self.tokens = getattr(outcome, "tokens", self.tokens)
        self.gradients = {model: _difference(*(gradients[side][model] for side in SIDES)) for model in gradients["ours"]}

    def time(self, warmup: int, steps: int) -> None:
        """Time ``steps`` steps of each side in turns, after ``warmup`` of each."""
        for number in range(warmup + steps):
            for side in SIDES:
                seconds, outcome = seconds_of(partial(self.step, side))
                self._remember(side, outcome)
                if number >= warmup:
                    self.seconds[side].append(seconds)

    def phases(self) -> dict[str, float]:
        """Seconds of one step of ours by phase; ``rest`` is tokenising, rendering and the small mathematics."""
        module = self.work.module
        assert module.retriever_module is not None
        phases = Phases(generator=module.generator_module, retriever=module.retriever_module)
        outcome = phases.timed("forward", lambda: self._forward("ours"))
        phases.timed("backward", lambda: outcome.loss.backward())
        phases.timed("optimizer", lambda: self._update("ours"))
        seconds = phases.close()
        models = {name: value for name, value in seconds.items() if "gradient" in name}
        rest = seconds.pop("forward") - sum(models.values())
        return {**seconds, "rest": rest}

    def worst_difference(self) -> float:
        """The largest difference of either loss at any step."""
        pairs = zip(*(self.outcomes[side] for side in SIDES), strict=True)
        return max(abs(ours[name] - published[name]) for ours, published in pairs for name in LOSSES)

    def figures(self, side: str, peak: float) -> dict[str, Any]:
        """One side's figures; ``peak`` is the machine's own matrix-product rate, operations a second."""
        times = self.seconds[side]
        median = statistics.median(times)
        return {
            "seconds": {"median": median, "min": min(times), "max": max(times), "all": times},
            **self.outcomes[side][-1],
            "tokens_per_second": self.tokens / median,
            "operations": self.operations[side],
            "share_of_peak": self.operations[side] / median / peak,
        }

    def _forward(self, side: str) -> Any:
        with self.work.computing():
            return self.losses[side]()

    def _backward(self, side: str) -> Any:
        outcome = self._forward(side)
        outcome.loss.backward()
        return outcome

    def _update(self, side: str) -> None:
        self.optimizers[side].step()
        self.optimizers[side].zero_grad()

    def _remember(self, side: str, outcome: Any) -> None:
        self.outcomes[side].append({name: getattr(outcome, name).item() for name in LOSSES})

    def _gradients(self) -> dict[str, torch.Tensor]:
        models = {"generator": self.work.module.generator_module, "retriever": self.work.module.retriever_module}
        return {name: _flat(model) for name, model in models.items() if model is not None}


def _sizes(work: Workload) -> tuple[int, int]:
    return work.recipe.candidates.sample, work.recipe.candidates.read


def _flat(model: torch.nn.Module) -> torch.Tensor:
    """All gradients of a model as one vector; a parameter that got none counts as zeros."""
    trained = [value for value in model.parameters() if value.requires_grad]
    return torch.cat([(torch.zeros_like(value) if value.grad is None else value.grad).flatten().cpu() for value in trained])


def _difference(ours: torch.Tensor, published: torch.Tensor) -> dict[str, float]:
    """The gradients' norms, their relative difference, and the relative norm of the gradients' own difference."""
    norms = {"ours": ours.norm().item(), "published": published.norm().item()}
    scale = max(norms["published"], 1e-30)
    apart = (ours - published).norm().item() / scale
    return {**norms, "norm_difference": abs(norms["ours"] - norms["published"]) / scale, "difference": apart}

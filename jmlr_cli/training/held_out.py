"""How the two models do on questions that they do not learn from."""

from __future__ import annotations

from collections import defaultdict

from jmlr_cli.modes import evaluating
from jmlr_cli.training.candidates import Candidates
from jmlr_cli.training.dataset import TrainingSet
from jmlr_cli.training.joint_step import JointModule, TrainingItem

MEASURED = ("lm_loss", "rank_loss", "rank_agreement")
RECALLED = (1, 5, 20)


def held_out_metrics(module: JointModule, dataset: TrainingSet, candidates: Candidates, batch_size: int) -> dict[str, float]:
    """The joint losses on held-out questions, each a mean over questions, named ``dev_...``.

    ``dev_recall@k`` is the share of the questions with a known gold document of which a passage is among the first
    k by the current scores, within the pool that the index gave. Dropout is off; neither model nor any random
    state of training is changed.
    """
    sums: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    with evaluating(module):
        for start in range(0, len(dataset), batch_size):
            items = [candidates.fill(dataset[i]) for i in range(start, min(start + batch_size, len(dataset)))]
            outcome = module(items)
            for name in MEASURED:
                value = getattr(outcome, name)
                if value is not None:
                    sums[name] += value.item() * len(items)
                    counts[name] += len(items)
            for item, order in zip(items, outcome.orders, strict=True):
                for name, found in _recall(item, order).items():
                    sums[name] += found
                    counts[name] += 1
    return {f"dev_{name}": sums[name] / counts[name] for name in sums}


def _recall(item: TrainingItem, order: list[int]) -> dict[str, bool]:
    """Whether the gold document is among the first k, for each k that the pool reaches; nothing when it is not known."""
    if item.question.document is None or not order:
        return {}
    documents = [item.candidates[place].document for place in order]
    return {f"recall@{k}": item.question.document in documents[:k] for k in RECALLED if k <= max(len(order), 1)}

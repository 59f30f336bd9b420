"""How the two models do on questions that they do not learn from."""

from __future__ import annotations

from collections import defaultdict

import torch

from jmlr_cli.training.dataset import TrainingSet
from jmlr_cli.training.joint_step import JointModule

MEASURED = ("lm_loss", "rank_loss", "rank_agreement")


@torch.no_grad()
def held_out_metrics(module: JointModule, dataset: TrainingSet, batch_size: int) -> dict[str, float]:
    """The joint losses on held-out questions, each a mean over questions, named ``dev_...``.

    Dropout is off; neither model nor any random state of training is changed.
    """
    was_training = module.training
    module.eval()
    sums: dict[str, float] = defaultdict(float)
    try:
        for start in range(0, len(dataset), batch_size):
            items = [dataset[i] for i in range(start, min(start + batch_size, len(dataset)))]
            outcome = module(items)
            for name in MEASURED:
                value = getattr(outcome, name)
                if value is not None:
                    sums[name] += value.item() * len(items)
    finally:
        module.train(was_training)
    return {f"dev_{name}": total / len(dataset) for name, total in sums.items()}

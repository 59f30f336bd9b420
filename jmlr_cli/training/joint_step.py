"""One step of joint training: two losses, each reaching one of the two models.

The letters are the paper's (arXiv 2402.17887): N candidates, of which m are drawn and scored by the
language model, and the best k are read; s retriever scores, ŝ prepared ones, ℓ answer NLL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from jmlr_cli.contracts.generator import TrainableGenerator
from jmlr_cli.contracts.objective import Objective
from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Passage, Prompt, Question
from jmlr_cli.questions.targets import AnswerStyle, instruction, lists_options
from jmlr_cli.training.scores import draw, min_max, rank_agreement


@dataclass(frozen=True, slots=True)
class TrainingItem:
    """A question with its candidates, best first as the index had them, and the answer to learn.

    ``seed`` decides which candidates are drawn, whatever batch the item is in.
    """

    question: Question
    candidates: tuple[Passage, ...]
    target: str
    seed: int


@dataclass(frozen=True, slots=True)
class StepSettings:
    """What the joint step takes from the recipe."""

    sample: int
    read: int
    weight: float
    answer_style: AnswerStyle


@dataclass(frozen=True, slots=True)
class JointLoss:
    """The losses of a batch, each the mean over its questions; None where a model is frozen.

    ``loss`` is what is minimised: ``lm_loss + weight * rank_loss``. ``cut_tokens`` counts the passage
    tokens that did not fit the prompts read.
    """

    loss: torch.Tensor
    lm_loss: torch.Tensor | None
    rank_loss: torch.Tensor | None
    rank_agreement: torch.Tensor | None
    nll_spread: torch.Tensor | None
    cut_tokens: int


class JointModule(nn.Module):
    """The two models as one module, for the trainer. ``retriever`` is None when it is frozen, and
    ``train_generator`` tells whether the language model learns."""

    def __init__(
        self,
        generator: TrainableGenerator,
        retriever: TrainableRetriever | None,
        objective: Objective,
        settings: StepSettings,
        train_generator: bool,
    ) -> None:
        super().__init__()
        self.generator = generator
        self.retriever = retriever
        self.objective = objective
        self.settings = settings
        self.train_generator = train_generator
        self.generator_module = generator.module
        self.retriever_module = retriever.module if retriever else None

    def forward(self, items: Sequence[TrainingItem]) -> JointLoss:
        """The joint loss of a batch. Without gradient enabled it only measures."""
        orders, ranks = self._retriever_side(items) if self.retriever else (self._given_order(items), None)
        lm_loss, cut = self._lm_loss(items, orders) if self.train_generator or not torch.is_grad_enabled() else (None, 0)
        rank_loss, agreement, spread = ranks if ranks else (None, None, None)
        parts = [
            part for part in (lm_loss, rank_loss * self.settings.weight if rank_loss is not None else None) if part is not None
        ]
        return JointLoss(torch.stack(parts).sum(), lm_loss, rank_loss, agreement, spread, cut)

    # -- the language model's side

    def _lm_loss(self, items: Sequence[TrainingItem], orders: list[list[int]]) -> tuple[torch.Tensor, int]:
        """``L_LM``: mean answer NLL with the best k passages in one prompt, in ascending score."""
        prompts = [
            self._prompt(item, [item.candidates[i] for i in reversed(order[: self.settings.read])])
            for item, order in zip(items, orders, strict=True)
        ]
        return self.generator.answer_nll(prompts, end=True).mean(), sum(prompt.cut_tokens for prompt in prompts)

    @torch.no_grad()
    def _answer_nll(self, items: Sequence[TrainingItem], drawn: torch.Tensor) -> torch.Tensor:
        """ℓ (B, m): the answer's mean NLL with one drawn passage a prompt, dropout off."""
        prompts = [self._prompt(item, [item.candidates[i]]) for item, row in zip(items, drawn.tolist(), strict=True) for i in row]
        was_training = self.generator_module.training
        self.generator_module.eval()
        try:
            return self.generator.answer_nll(prompts).view(drawn.shape)
        finally:
            self.generator_module.train(was_training)

    def _prompt(self, item: TrainingItem, passages: Sequence[Passage]) -> Prompt:
        style = self.settings.answer_style
        return self.generator.render(
            item.question, passages, item.target, list_options=lists_options(style), instruction=instruction(item.question, style)
        )

    # -- the retriever's side

    @staticmethod
    def _given_order(items: Sequence[TrainingItem]) -> list[list[int]]:
        return [list(range(len(item.candidates))) for item in items]

    def _retriever_side(self, items: Sequence[TrainingItem]) -> tuple[list[list[int]], tuple[torch.Tensor, ...] | None]:
        """The candidates' order by the current scores, and what the retriever learns from them.

        Questions with equally many candidates go through together.
        """
        orders: dict[int, list[int]] = {}
        outcomes: list[tuple[int, tuple[torch.Tensor, ...]]] = []
        for rows in _by_pool_size(items):
            group = [items[row] for row in rows]
            if not group[0].candidates:
                orders.update((row, []) for row in rows)
                continue
            scores = self._scores(group)
            orders.update(zip(rows, scores.argsort(dim=1, descending=True, stable=True).tolist(), strict=True))
            if scores.shape[1] > 1:
                outcomes.append((len(group), self._rank_loss(group, scores)))
        in_order = [orders[row] for row in range(len(items))]
        return in_order, _weighted_mean(outcomes) if outcomes else None

    @torch.no_grad()
    def _scores(self, items: Sequence[TrainingItem]) -> torch.Tensor:
        """s (B, N): fresh scores of all candidates, dropout off, without gradient."""
        module = self.retriever_module
        assert module is not None
        was_training = module.training
        module.eval()
        try:
            return self._encoded_scores(items, [item.candidates for item in items])
        finally:
            module.train(was_training)

    def _rank_loss(self, items: Sequence[TrainingItem], scores: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """``L_rank``, rank agreement and the spread of ℓ.

        Only the drawn passages and the two extremes, which the normalisation needs, are encoded with
        gradient: the others have none to give.
        """
        count = min(self.settings.sample, scores.shape[1])
        drawn = torch.cat([self._drawn(item, row, count) for item, row in zip(items, scores, strict=True)])
        answer_nll = self._answer_nll(items, drawn)
        extremes = torch.stack([scores.argmin(1), scores.argmax(1)], 1)
        needed = torch.cat([drawn, extremes], 1).tolist()
        passages = [[item.candidates[i] for i in row] for item, row in zip(items, needed, strict=True)]
        prepared = self.objective.prepare(self._encoded_scores(items, passages))[:, :count]
        spread = answer_nll.amax(1) - answer_nll.amin(1)
        agreement = rank_agreement(scores.gather(1, drawn), answer_nll)
        return self.objective(prepared, answer_nll), agreement, spread.mean()

    @staticmethod
    def _drawn(item: TrainingItem, scores: torch.Tensor, count: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(item.seed)
        return draw(min_max(scores[None]), count, generator)

    def _encoded_scores(self, items: Sequence[TrainingItem], passages: Sequence[Sequence[Passage]]) -> torch.Tensor:
        assert self.retriever is not None
        queries = self.retriever.encode_queries([item.question.text for item in items])
        encoded = self.retriever.encode_passages([passage.content for row in passages for passage in row])
        return self.retriever.score(queries, encoded)


def _by_pool_size(items: Sequence[TrainingItem]) -> list[list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for row, item in enumerate(items):
        groups[len(item.candidates)].append(row)
    return list(groups.values())


def _weighted_mean(outcomes: list[tuple[int, tuple[torch.Tensor, ...]]]) -> tuple[torch.Tensor, ...]:
    total = sum(count for count, _ in outcomes)
    columns = zip(*(values for _, values in outcomes), strict=True)
    weights = [count / total for count, _ in outcomes]
    return tuple(torch.stack([w * value for w, value in zip(weights, column, strict=True)]).sum() for column in columns)

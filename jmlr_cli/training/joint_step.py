"""One step of joint training: two losses, each reaching one of the two models.

The letters are the paper's (arXiv 2402.17887): N candidates, of which m are drawn and scored by the
language model, and the best k are read; s retriever scores, ŝ prepared ones, ℓ answer NLL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from jmlr_cli.contracts.generator import TrainableGenerator
from jmlr_cli.contracts.objective import Objective
from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Passage, Prompt, Question
from jmlr_cli.modes import evaluating
from jmlr_cli.questions.targets import AnswerStyle, instruction, lists_options
from jmlr_cli.training.in_batch import as_of_least_use, places_of_others
from jmlr_cli.training.outcome import JointLoss, Ranking
from jmlr_cli.training.scores import draw, min_max, rank_agreement, staleness
from jmlr_cli.training.utilities import UtilityCache

Turn = Literal["both", "generator", "retriever"]
"""Which model learns in a step."""


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
    in_batch_negatives: bool = False
    draw_temperature: float = 1.0


class JointModule(nn.Module):
    """The two models as one module, for the trainer. ``retriever`` is None when it is frozen, and
    ``train_generator`` tells whether the language model learns. With ``utilities``, ℓ is kept for a while in training."""

    def __init__(
        self,
        generator: TrainableGenerator,
        retriever: TrainableRetriever | None,
        objective: Objective,
        settings: StepSettings,
        train_generator: bool,
        utilities: UtilityCache | None = None,
    ) -> None:
        super().__init__()
        self.generator = generator
        self.retriever = retriever
        self.objective = objective
        self.settings = settings
        self.train_generator = train_generator
        self.utilities = utilities
        self.generator_module = generator.module
        self.retriever_module = retriever.module if retriever else None

    def forward(self, items: Sequence[TrainingItem], turn: Turn = "both") -> JointLoss:
        """The joint loss of a batch. Without gradient enabled it only measures.

        In the generator's ``turn`` the rank loss is left out, in the retriever's the LM loss.
        """
        scores = self._scores(items) if self.retriever else []
        orders = [_order(item, scores[row] if scores else None) for row, item in enumerate(items)]
        # first the ranking, whose scoring keeps no activations: then those of L_LM are not there yet
        ranking = self._ranking(items, scores) if self.retriever and turn != "generator" else None
        ranked = self.generator.catch_up()
        lm_loss, prompts = (None, []) if not self._reads(turn) else self._lm_loss(items, orders)
        read = self.generator.catch_up()
        return JointLoss(
            loss=self._total(lm_loss, ranking, *(each for each in (ranked, read) if each is not None)),
            lm_loss=lm_loss,
            rank_loss=ranking.loss if ranking else None,
            rank_agreement=ranking.agreement if ranking else None,
            nll_spread=ranking.spread if ranking else None,
            staleness=staleness(orders, self.settings.read) if self.retriever else None,
            cut_tokens=sum(prompt.cut_tokens for prompt in prompts),
            tokens=sum(prompt.tokens for prompt in prompts) + (ranking.tokens if ranking else 0),
            orders=orders,
        )

    def _total(self, lm_loss: torch.Tensor | None, ranking: Ranking | None, *zeros: torch.Tensor) -> torch.Tensor:
        parts = [lm_loss] if lm_loss is not None else []
        if ranking:
            parts.append(ranking.loss * self.settings.weight)
        if not parts:  # nothing to learn in this batch, yet the trainer calls backward
            parts.append(next(value for value in self.parameters() if value.requires_grad).sum() * 0)
        return torch.stack([*parts, *zeros]).sum()

    # -- the language model's side

    def _reads(self, turn: Turn) -> bool:
        """Whether ``L_LM`` belongs to this step: an objective may train the language model by itself."""
        if not torch.is_grad_enabled():
            return True
        return self.train_generator and turn != "retriever" and not (self.objective.trains_generator and self.retriever)

    def _lm_loss(self, items: Sequence[TrainingItem], orders: list[list[int]]) -> tuple[torch.Tensor, list[Prompt]]:
        """``L_LM``: mean answer NLL with the best k passages in one prompt, in ascending score."""
        prompts = [
            self._prompt(item, [item.candidates[i] for i in reversed(order[: self.settings.read])])
            for item, order in zip(items, orders, strict=True)
        ]
        return self.generator.answer_nll(prompts, end=True).mean(), prompts

    def _utilities(self, items: Sequence[TrainingItem], drawn: torch.Tensor) -> tuple[torch.Tensor, int]:
        """ℓ of the ``drawn`` (B, m) candidates, in the same shape, and how many tokens were read for it."""
        pairs = [(item, item.candidates[i]) for item, row in zip(items, drawn.tolist(), strict=True) for i in row]
        cache = self.utilities
        if cache is None or self.objective.trains_generator or not torch.is_grad_enabled():
            values, tokens = self._scored(pairs)
            return values.view(drawn.shape), tokens
        keys = [(item.question.id, passage.id) for item, passage in pairs]
        wanted = cache.missing(keys)
        values, tokens = self._scored([pairs[place] for place in wanted])
        cache.put([keys[place] for place in wanted], values)
        return cache.get(keys, drawn.device).view(drawn.shape), tokens

    def _scored(self, pairs: Sequence[tuple[TrainingItem, Passage]]) -> tuple[torch.Tensor, int]:
        """ℓ (n,) of each question with one passage, and the tokens read."""
        prompts = [self._prompt(item, [passage]) for item, passage in pairs]
        return self._answer_nll(prompts), sum(prompt.tokens for prompt in prompts)

    def _answer_nll(self, prompts: Sequence[Prompt]) -> torch.Tensor:
        """ℓ (n,): the answer's NLL with one drawn passage a prompt. No gradient and no dropout, unless the
        objective trains the language model through ℓ."""
        reduction = self.objective.answer_reduction
        if self.train_generator and self.objective.trains_generator:
            return self.generator.answer_nll(prompts, end=True, reduction=reduction)
        with evaluating(self.generator_module):
            return self.generator.answer_nll(prompts, reduction=reduction)

    def _prompt(self, item: TrainingItem, passages: Sequence[Passage]) -> Prompt:
        style = self.settings.answer_style
        return self.generator.render(
            item.question, passages, item.target, list_options=lists_options(style), instruction=instruction(item.question, style)
        )

    # -- the retriever's side

    def _scores(self, items: Sequence[TrainingItem]) -> list[torch.Tensor]:
        """s (N,) of each item: fresh scores of all its candidates, dropout off, without gradient."""
        assert self.retriever_module is not None
        found: dict[int, torch.Tensor] = {}
        with evaluating(self.retriever_module):
            for rows in _by_pool_size(items, at_least=1):
                group = [items[row] for row in rows]
                found.update(zip(rows, self._encoded_scores(group, [item.candidates for item in group]), strict=True))
        return [found.get(row, torch.zeros(0)) for row in range(len(items))]

    def _ranking(self, items: Sequence[TrainingItem], scores: Sequence[torch.Tensor]) -> Ranking | None:
        """What the retriever learns from a batch. Questions with equally many candidates go through together, and a
        question with fewer than two has nothing to rank: it adds nothing to the loss, and counts in its mean."""
        groups = _by_pool_size(items, at_least=2)
        parts = [self._ranked([items[r] for r in rows], torch.stack([scores[r] for r in rows])) for rows in groups]
        return Ranking.of_batch(parts, [len(rows) for rows in groups], len(items)) if parts else None

    def _ranked(self, items: Sequence[TrainingItem], scores: torch.Tensor) -> Ranking:
        """``L_rank``, rank agreement and the spread of ℓ for questions with scores (B, N).

        Only the drawn passages and the two extremes, which the normalisation needs, are encoded with
        gradient: the others have none to give.
        """
        count = min(self.settings.sample, scores.shape[1])
        drawn = torch.cat([self._drawn(item, row, count) for item, row in zip(items, scores, strict=True)])
        answer_nll, tokens = self._utilities(items, drawn)
        extremes = torch.stack([scores.argmin(1), scores.argmax(1)], 1)
        needed = torch.cat([drawn, extremes], 1).tolist()
        passages = [[item.candidates[i] for i in row] for item, row in zip(items, needed, strict=True)]
        own, others = self._compared(items, passages, count)
        prepared = self.objective.prepare(torch.cat([own, others], 1))
        learned = torch.cat([prepared[:, :count], prepared[:, own.shape[1] :]], 1)
        known = answer_nll.detach()
        return Ranking(
            loss=self.objective(learned, as_of_least_use(answer_nll, others.shape[1])),
            agreement=rank_agreement(scores.gather(1, drawn), known),
            spread=(known.amax(1) - known.amin(1)).mean(),
            tokens=tokens,
        )

    def _compared(
        self, items: Sequence[TrainingItem], passages: Sequence[Sequence[Passage]], count: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores with gradient: (B, n) of each item's ``passages``, of which the first ``count`` are drawn, and (B, k) of
        its in-batch negatives."""
        if not self.settings.in_batch_negatives:
            own = self._encoded_scores(items, passages)
            return own, own[:, :0]
        crossed = self._crossed_scores(items, passages)
        rows, size = torch.arange(len(items), device=crossed.device), len(passages[0])
        places = places_of_others([item.candidates for item in items], [row[:count] for row in passages])
        columns = torch.tensor(places, dtype=torch.long, device=crossed.device)
        by_item = crossed.view(len(items), len(items), size)
        drawn = by_item[:, :, :count].flatten(1)
        return by_item[rows, rows], drawn.gather(1, columns)

    def _drawn(self, item: TrainingItem, scores: torch.Tensor, count: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(item.seed)
        return draw(min_max(scores[None]) / self.settings.draw_temperature, count, generator)

    def _encoded_scores(self, items: Sequence[TrainingItem], passages: Sequence[Sequence[Passage]]) -> torch.Tensor:
        """Scores (B, N) of each item's ``passages``, the same number of them for all."""
        assert self.retriever is not None
        queries = self.retriever.encode_queries([item.question.text for item in items])
        encoded = self.retriever.encode_passages([passage.content for row in passages for passage in row])
        return self.retriever.score(queries, encoded)

    def _crossed_scores(self, items: Sequence[TrainingItem], passages: Sequence[Sequence[Passage]]) -> torch.Tensor:
        """Scores (B, B · n) of each item's question with all ``passages`` (B, n)."""
        assert self.retriever is not None
        encoded = self.retriever.encode_passages([passage.content for row in passages for passage in row])
        queries = [self.retriever.encode_queries([item.question.text]) for item in items]
        return torch.cat([self.retriever.score(query, encoded) for query in queries])


def _by_pool_size(items: Sequence[TrainingItem], at_least: int) -> list[list[int]]:
    """The places of items with equally many candidates, ``at_least`` so many."""
    groups: dict[int, list[int]] = defaultdict(list)
    for row, item in enumerate(items):
        if len(item.candidates) >= at_least:
            groups[len(item.candidates)].append(row)
    return list(groups.values())


def _order(item: TrainingItem, scores: torch.Tensor | None) -> list[int]:
    """The item's candidates by ``scores`` (N,), best first; as the index had them when there are none."""
    if scores is None:
        return list(range(len(item.candidates)))
    return scores.argsort(descending=True, stable=True).tolist()

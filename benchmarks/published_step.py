"""The joint step as it was published (arXiv 2402.17887), written plainly from its description: the baseline.

One candidate a forward pass when the language model scores, logits over the whole vocabulary at every position,
every candidate encoded with gradient, a Python loop over the pairs. It takes from the toolkit the prompt's text
(``render``), the ids of the retriever's tokens and the two models; tokens, likelihoods, MaxSim, the draw and both
losses are its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from jmlr_cli.contracts.values import Passage, Prompt

EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both losses, their sum, and how many tokens the language model read."""

    loss: torch.Tensor
    lm_loss: torch.Tensor
    rank_loss: torch.Tensor
    tokens: int


class PublishedStep:
    """The published step for one question, with ``sample`` candidates scored and ``read`` in one prompt."""

    def __init__(self, generator: Any, retriever: Any, sample: int, read: int) -> None:
        self.generator, self.retriever = generator, retriever
        self.sample, self.read = sample, read
        self.tokens = 0

    def __call__(self, item: Any) -> Outcome:
        """Both losses of a :class:`jmlr_cli.training.joint_step.TrainingItem`."""
        with adapters_as_the_library_computes_them(self.generator.module):
            return self._outcome(item)

    def _outcome(self, item: Any) -> Outcome:
        self.tokens = 0
        scores = self._scores(item)
        prepared = 2 * (scores - scores.min()) / (scores.max() - scores.min() + EPSILON) - 1
        drawn = self._drawn(prepared, item.seed)
        with torch.no_grad():
            answer_nll = [self._answer_nll(self._prompt(item, [item.candidates[i]]), end=False).item() for i in drawn]
        rank_loss = pairwise_loss([prepared[i] for i in drawn], answer_nll)
        best = scores.topk(self.read).indices.tolist()
        lm_loss = self._answer_nll(self._prompt(item, [item.candidates[i] for i in reversed(best)]), end=True)
        return Outcome(lm_loss + rank_loss, lm_loss, rank_loss, self.tokens)

    def _drawn(self, prepared: torch.Tensor, seed: int) -> list[int]:
        weights = prepared.detach().cpu().softmax(0)
        return torch.multinomial(weights, self.sample, generator=torch.Generator().manual_seed(seed)).tolist()

    # -- the retriever

    def _scores(self, item: Any) -> torch.Tensor:
        """s (N,) of all candidates, with gradient: ``s_d = sum_i max_j E_q[i] . E_d[j]``."""
        tokens = self.retriever.tokens
        query, query_counts = self._vectors(tokens.queries([item.question.text]))
        passages, counts = self._vectors(tokens.passages([passage.content for passage in item.candidates]))
        similarity = torch.einsum("qd,nld->nql", query[0].float(), passages.float())
        best = similarity.masked_fill(~counts[:, None, :], float("-inf")).max(-1).values
        return (best * query_counts).sum(-1)

    def _vectors(self, rows: Sequence[Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token vectors (n, L, dim) and which of them count (n, L), in one padded batch."""
        fill = self.retriever.model.tokenizer.pad_token_id or 0
        ids = self._padded([row.ids for row in rows], fill)
        seen, counts = self._padded([row.seen for row in rows], 0), self._padded([row.counts for row in rows], 0)
        return self.retriever.module(ids, seen), counts.bool()

    def _padded(self, rows: Sequence[list[int]], fill: int) -> torch.Tensor:
        longest = max(map(len, rows))
        filled = [row + [fill] * (longest - len(row)) for row in rows]
        return torch.tensor(filled, device=next(self.retriever.module.parameters()).device)

    # -- the language model

    def _prompt(self, item: Any, passages: Sequence[Passage]) -> Prompt:
        return self.generator.render(item.question, passages, item.target, list_options=False)

    def _answer_nll(self, prompt: Prompt, *, end: bool) -> torch.Tensor:
        """The answer's mean NLL, a scalar; ``end`` adds the token that closes it."""
        tokenizer, model = self.generator.tokenizer, self.generator.module
        before = tokenizer(prompt.text)["input_ids"]
        ids = tokenizer(prompt.text + (prompt.answer or ""))["input_ids"] + ([tokenizer.eos_token_id] if end else [])
        self.tokens += len(ids)
        sequence = torch.tensor([ids], device=model.device)
        logits = model(input_ids=sequence, use_cache=False).logits[0].float()
        return functional.cross_entropy(logits[len(before) - 1 : -1], sequence[0, len(before) :])


@contextmanager
def adapters_as_the_library_computes_them(model: torch.nn.Module) -> Iterator[None]:
    """Inside, LoRA layers have peft's own forward pass: ours have a quicker one."""
    ours = {layer: vars(layer).pop("forward") for layer in model.modules() if "forward" in vars(layer)}
    try:
        yield
    finally:
        for layer, forward in ours.items():
            layer.forward = forward


def pairwise_loss(prepared: Sequence[torch.Tensor], answer_nll: Sequence[float]) -> torch.Tensor:
    """``mean_{i<j} BCE(sigmoid(s_i - s_j), y_ij)``, y_ij = 1 where passage i makes the answer likelier, ½ for a tie."""
    losses = []
    for i in range(len(prepared)):
        for j in range(i + 1, len(prepared)):
            label = 0.5 if answer_nll[i] == answer_nll[j] else float(answer_nll[i] < answer_nll[j])
            logit = prepared[i] - prepared[j]
            losses.append(functional.binary_cross_entropy_with_logits(logit, torch.full_like(logit, label)))
    return torch.stack(losses).mean()

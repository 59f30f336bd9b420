"""A cross-encoder: a transformer that reads a question and a passage together and says how well they fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerBase

from jmlr_cli import devices
from jmlr_cli.errors import InputError
from jmlr_plugins.batching import batches
from jmlr_plugins.retrievers.encoders.checkpoint import quiet
from jmlr_plugins.retrievers.encoders.encoding import Precision, inference, padded, token_limit

HINT = "Name a folder or hub id of a cross-encoder with one or two labels, such as one trained on MS MARCO."
HEADS = ("classifier", "score")


class CrossEncoder:
    """Scores a question with passages: the one logit of the checkpoint, or the second of two less the first."""

    def __init__(self, folder: Path, max_length: int | None = None) -> None:
        """Load the checkpoint; raises :class:`InputError` when it is none with one or two labels."""
        self.module, self.tokenizer = _loaded(folder)
        self.module.to(devices.device())
        limit = token_limit(self.module, self.tokenizer)
        self._max_length = min(max_length or limit, limit)

    def score(self, query: str, texts: Sequence[str], precision: Precision, batch_size: int) -> list[float]:
        """The score of each text. A text that stands twice is read once, so that the scores are equal."""
        different = list(dict.fromkeys(texts))
        with inference(self.module, precision):
            scores = dict(zip(different, self._scores(query, different, batch_size), strict=True))
        return [scores[text] for text in texts]

    def _scores(self, query: str, texts: list[str], batch_size: int) -> list[float]:
        encoded = self.tokenizer([query] * len(texts), texts, truncation="longest_first", max_length=self._max_length)
        rows: list[list[int]] = encoded["input_ids"]
        scores = [0.0] * len(texts)
        for batch in batches([len(row) for row in rows], self.module.device.type, size=batch_size):
            logits = self.module(**self._inputs(encoded, batch)).logits.float()
            found = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
            for place, score in zip(batch, found.tolist(), strict=True):
                scores[place] = score
        return scores

    def _inputs(self, encoded: Any, batch: list[int]) -> dict[str, Tensor]:
        """What the tokenizer made of some texts, filled up to the longest of them."""
        fills = {"input_ids": self.tokenizer.pad_token_id or 0}
        return {
            name: padded([encoded[name][place] for place in batch], fills.get(name, 0), self.module.device) for name in encoded
        }


class _InFloat32(nn.Module):
    """A head that computes in float32 whatever the rest does: in bfloat16 many scores would be equal."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, states: Tensor, *others: Any, **named: Any) -> Tensor:
        with torch.autocast(states.device.type, enabled=False):
            return self.head(states.float(), *others, **named)


def _loaded(folder: Path) -> tuple[Any, PreTrainedTokenizerBase]:
    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            _check_labels(folder, AutoConfig.from_pretrained(folder, trust_remote_code=False).num_labels)
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            module, found = AutoModelForSequenceClassification.from_pretrained(
                folder, dtype=torch.float32, output_loading_info=True, trust_remote_code=False
            )
    except (SafetensorError, UnpicklingError, OSError, RuntimeError, ValueError, KeyError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"the retriever checkpoint {folder} cannot be loaded: {reason}", HINT) from error
    missing = sorted(found["missing_keys"])
    if missing:
        raise InputError(f"the retriever checkpoint {folder} is no cross-encoder: it lacks {missing[-1]}", HINT)
    for name in HEADS:
        if hasattr(module, name):
            setattr(module, name, _InFloat32(getattr(module, name)))
    return module.eval(), tokenizer


def _check_labels(folder: Path, labels: int) -> None:
    if labels not in (1, 2):
        raise InputError(
            f"the retriever checkpoint {folder} tells {labels} classes apart, where a cross-encoder has one label or two", HINT
        )

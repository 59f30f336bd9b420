"""Passages a second of our encoding beside the encoder's bare forward pass and sentence-transformers."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from jmlr_cli import devices
from jmlr_plugins.retrievers.encoders.encoding import padded, token_limit
from retrieval_parts.dense import dense
from retrieval_parts.figures import Figure, Found
from retrieval_parts.material import colbert
from retrieval_parts.passages import usual_passages
from retrieval_parts.settings import Settings
from retrieval_parts.turns import Done, take_turns

BATCH = 32
GOAL_RAW, GOAL_SENTENCE_TRANSFORMERS = 0.95, 1.0
SENTENCE_TRANSFORMERS = "sentence-transformers"
OURS = ("colbert", "dense")


def measure_encoding(settings: Settings) -> Iterator[Found]:
    """All sides encode the same passages, in rounds."""
    passages = usual_passages(settings)
    texts = [passage.content for passage in passages[: settings.sizes.encoded]]
    late, single = colbert(settings), dense(settings)
    dtype = devices.dtype(settings.precision)
    rows = {"colbert": [row.ids for row in late.tokens.passages(texts)], "dense": _rows(single, texts)}
    sides: dict[str, Callable[[Any], Any]] = {"colbert": late.passage_vectors}
    sides["raw forward, colbert"] = _raw(late.module.backbone, rows["colbert"], dtype)
    sides["dense"] = single.passage_vectors
    sides["raw forward, dense"] = _raw(single.module.backbone, rows["dense"], dtype)
    if (other := _sentence_transformers(single.folder, dtype)) is not None:
        sides[SENTENCE_TRANSFORMERS] = other
    done = take_turns(sides, [texts] * settings.rounds, block=1)
    rates = {side: len(texts) / each.median for side, each in done.items()}
    details: dict[str, Any] = {
        "passages": len(texts),
        "precision": str(dtype).removeprefix("torch."),
        "tokens": {side: sum(map(len, each)) for side, each in rows.items()},
        "passages_a_second": rates,
        "seconds": {side: each.seconds for side, each in done.items()},
    }
    about = f"{len(texts)} passages, {details['tokens']['colbert']:,} tokens, {settings.checkpoint}, {details['precision']}"
    yield Found("encoding", about, _figures(rates, done), details)


def _rows(retriever: Any, texts: Sequence[str]) -> list[list[int]]:
    """Token ids as the dense plugin makes them of passages."""
    from transformers import AutoTokenizer

    tokenizer, own = AutoTokenizer.from_pretrained(retriever.folder / retriever.settings.transformer), retriever.settings
    limit = token_limit(retriever.module.backbone, tokenizer)
    texts = [own.passage_prompt + text for text in texts]
    return tokenizer(texts, truncation=True, max_length=min(own.max_length or limit, limit))["input_ids"]


def _raw(backbone: Any, rows: list[list[int]], dtype: torch.dtype) -> Callable[[Any], None]:
    """The encoder's forward pass, weights in ``dtype``, on full batches that were sorted by length and padded before."""
    device = devices.device()
    model = copy.deepcopy(backbone).to(device, dtype).eval()
    ordered = sorted(rows, key=len, reverse=True)
    batches: list[tuple[Tensor, Tensor]] = [
        (padded(batch, 0, device), padded([[1] * len(row) for row in batch], 0, device))
        for batch in (ordered[first : first + BATCH] for first in range(0, len(ordered), BATCH))
    ]

    def forward(_: Any) -> None:
        with torch.inference_mode():
            for ids, mask in batches:
                model(input_ids=ids, attention_mask=mask)

    return forward


def _sentence_transformers(folder: Any, dtype: torch.dtype) -> Callable[[Sequence[str]], Any] | None:
    """Its ``encode``, weights in ``dtype``; None where it is not installed."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        return None
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    model = SentenceTransformer(str(folder), device=str(devices.device()), model_kwargs={"dtype": dtype})
    return lambda texts: model.encode(list(texts), batch_size=BATCH, show_progress_bar=False, convert_to_tensor=True)


def _figures(rates: dict[str, float], done: dict[str, Done]) -> list[Figure]:
    other = rates.get(SENTENCE_TRANSFORMERS)
    missing = "" if other else "sentence-transformers is not installed: pip install 'jmlr[benchmark]'"
    spread = {side: f"{min(each.seconds):.2f} to {max(each.seconds):.2f} s a round" for side, each in done.items()}
    return [
        *(Figure(side, rate, "passages/s", note=spread[side]) for side, rate in rates.items()),
        *(Figure(f"{side} / raw forward", rates[side] / rates[f"raw forward, {side}"], least=GOAL_RAW) for side in OURS),
        *(
            Figure(
                f"{side} / {SENTENCE_TRANSFORMERS}",
                rates[side] / other if other else None,
                least=GOAL_SENTENCE_TRANSFORMERS,
                note=missing,
            )
            for side in OURS
        ),
    ]

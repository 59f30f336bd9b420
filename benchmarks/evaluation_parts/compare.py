"""Both sides answer the same questions in turns, on the very same model object."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from measures import seconds_of
from retrieval_parts.turns import take_turns

from evaluation_parts.harness import Harness
from evaluation_parts.ours import Ours
from evaluation_parts.settings import TOLERANCE, Scored, Settings
from jmlr_plugins.generators.decoder import DecoderGenerator


@dataclass(frozen=True, slots=True)
class Compared:
    """One answer style. ``seconds`` are those of each round by the clock, ``cpu_seconds`` the processor's; both speedups are
    medians over rounds of lm-eval's seconds over ours. ``batch_seconds`` are those of lm-eval's first round by batch size.
    ``chosen``: the options that each side chose, in the questions' order. ``changed`` counts questions whose option differs
    though lm-eval's two best are further apart than rounding explains."""

    style: str
    questions: int
    seconds: dict[str, list[float]]
    cpu_seconds: dict[str, list[float]]
    questions_per_second: dict[str, float]
    speedup: float
    cpu_speedup: float
    batch_size: int
    batch_seconds: dict[int, float]
    worst_difference: float
    changed: int
    chosen: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def compare(style: str, settings: Settings, generator: DecoderGenerator, folder: Path) -> Compared:
    """Time both sides, after one untimed round of each, and hold their answers against each other."""
    ours = Ours(generator, settings.questions, style)
    theirs = Harness(generator.module, generator.tokenizer, settings.questions, style, folder)
    rounds = [range(start, start + settings.size) for start in range(0, settings.size * settings.rounds, settings.size)]
    tried = {size: seconds_of(partial(theirs.answers, rounds[0], size))[0] for size in settings.batch_sizes}
    best = min(tried, key=lambda size: tried[size])
    sides = {"ours": _clocked(ours.answers), "lm-eval": _clocked(lambda places: theirs.answers(places, best))}
    done = take_turns(sides, rounds, block=1)
    seconds = {side: done[side].seconds for side in sides}
    turns = {side: [done[side].results[place] for place in range(len(rounds))] for side in sides}
    cpu_seconds = {side: [taken for taken, _ in results] for side, results in turns.items()}
    found = {side: [scored for _, scores in results for scored in scores] for side, results in turns.items()}
    return Compared(
        style=style,
        questions=len(found["ours"]),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        questions_per_second={side: settings.size / statistics.median(times) for side, times in seconds.items()},
        speedup=_speedup(seconds),
        cpu_speedup=_speedup(cpu_seconds),
        batch_size=best,
        batch_seconds=tried,
        chosen={side: "".join(scored.chosen for scored in scores) for side, scores in found.items()},
        **_agreement(found["ours"], found["lm-eval"], TOLERANCE[settings.dtype]),
    )


def _clocked(run: Callable[[Sequence[int]], list[Scored]]) -> Callable[[Sequence[int]], tuple[float, list[Scored]]]:
    """``run``, which also tells the processor's seconds."""

    def timed(places: Sequence[int]) -> tuple[float, list[Scored]]:
        started = time.process_time()
        scores = run(places)
        return time.process_time() - started, scores

    return timed


def _speedup(seconds: Mapping[str, Sequence[float]]) -> float:
    return statistics.median(slow / quick for quick, slow in zip(seconds["ours"], seconds["lm-eval"], strict=True))


def _agreement(ours: Sequence[Scored], theirs: Sequence[Scored], tolerance: float) -> dict[str, Any]:
    pairs = list(zip(ours, theirs, strict=True))
    apart = [abs(a - b) for our, their in pairs for a, b in zip(our.nlls, their.nlls, strict=True)]
    changed = [their for our, their in pairs if our.chosen != their.chosen and _lead(their) > 2 * tolerance]
    return {"worst_difference": max(apart), "changed": len(changed)}


def _lead(scored: Scored) -> float:
    """How far the chosen option is before the next, in nats."""
    best, second, *_ = sorted(scored.nlls)
    return second - best

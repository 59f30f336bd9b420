"""What happens beside the steps: metrics on disk, a bar on screen, a fresh index, a look at held-out questions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from jmlr_cli.contracts.progress import Progress


def append_metrics(path: Path, step: int, metrics: dict[str, Any]) -> None:
    """Add one line to a run's metrics."""
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps({"step": step, "time": round(time.time(), 3), **metrics}) + "\n")


class MetricsFile(TrainerCallback):
    """Appends each line of metrics to a JSON-lines file, less the lines that a resumed run repeats."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] <= state.global_step]
        self._path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        append_metrics(self._path, state.global_step, logs or {})


class Bar(TrainerCallback):
    """Shows the steps done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self._progress(state.global_step, state.max_steps)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self._progress(1)


class Every(TrainerCallback):
    """Calls ``action(step)`` after every so many optimizer steps, or at the end of each epoch."""

    def __init__(self, steps: int | None, action: Callable[[int], None]) -> None:
        self._steps = steps
        self._action = action

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if self._steps and state.global_step % self._steps == 0 and state.global_step < state.max_steps:
            self._action(state.global_step)

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if self._steps is None and state.global_step < state.max_steps:
            self._action(state.global_step)

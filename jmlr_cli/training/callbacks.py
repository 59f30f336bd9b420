"""What happens beside the steps: metrics on disk, a bar on screen, pictures, a fresh index, a look at held-out questions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from jmlr_cli.contracts.progress import Progress
from jmlr_cli.errors import MissingError
from jmlr_cli.files import write_whole
from jmlr_cli.runs.curves import draw_curves
from jmlr_cli.runs.run import Run


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
        # a run that was killed can leave a last line without its end
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= state.global_step]
        write_whole(self._path, "".join(f"{line}\n" for line in kept).encode())

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        append_metrics(self._path, state.global_step, logs or {})


NOTED = {"loss": "loss", "lm_loss": "LM", "rank_loss": "rank", "rank_agreement": "agreement"}


class Bar(TrainerCallback):
    """Shows the steps done, and the last line of metrics in brief."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self._progress(state.global_step, state.max_steps)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self._progress(1)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        known = logs or {}
        self._progress(0, note=", ".join(f"{short} {known[name]:.3f}" for name, short in NOTED.items() if name in known))


class Epochs(TrainerCallback):
    """Tells the dataset which epoch begins."""

    def __init__(self, set_epoch: Callable[[int], None]) -> None:
        self._set_epoch = set_epoch

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self._set_epoch(int(state.epoch or 0))


class StartMeter(TrainerCallback):
    """Calls ``action()`` once the trainer's state is that of its checkpoint, before the first step."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self._action()


class Curves(TrainerCallback):
    """Draws the run's curves whenever a checkpoint is made; the trainer makes the last one at its end."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        draw_curves(self._run)


class Every(TrainerCallback):
    """Calls ``action(step)`` after every so many optimizer steps; with ``ends``, before the first and after the last
    step too, otherwise not after the last."""

    def __init__(self, steps: int, action: Callable[[int], None], *, ends: bool = False) -> None:
        self._steps = steps
        self._action = action
        self._ends = ends

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if self._ends and state.global_step == 0:
            self._action(0)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        last = state.global_step >= state.max_steps
        if self._ends if last else state.global_step % self._steps == 0:
            self._action(state.global_step)


def tensorboard(folder: Path) -> TrainerCallback:
    """What writes the metrics for TensorBoard. Raises :class:`MissingError` where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingError("training.tensorboard needs TensorBoard", "pip install 'jmlr[tensorboard]'") from None
    from transformers.integrations import TensorBoardCallback

    return TensorBoardCallback(SummaryWriter(log_dir=str(folder)))

"""EleutherAI's lm-evaluation-harness on a local file: its task ``medqa_4options``, its prompts, its scoring code."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from evaluation_parts.settings import Scored
from jmlr_cli.errors import MissingError

LETTERS = "ABCD"
WRITTEN_OUT = "{{[" + ", ".join(f"'{letter}. ' ~ ending{place}" for place, letter in enumerate(LETTERS)) + "]}}"
"""Jinja for the options with their letters. The task's own choices are the letters alone."""


class Harness:
    """A model that is loaded already, put to the questions of a file by lm-eval.

    The task is the installed ``medqa.yaml``; what differs is where its data lie and, in style ``option``, which
    answers are compared. Raises :class:`MissingError` when lm-eval is not installed.
    """

    def __init__(self, model: Any, tokenizer: Any, questions: Path, style: str, folder: Path) -> None:
        self.model, self.tokenizer, self.task = model, tokenizer, f"medqa_{style}"
        _write_task(self.task, questions, style, folder)
        with _silent():
            self._tasks = _tasks(folder, self.task)

    def answers(self, places: Sequence[int], batch_size: int) -> list[Scored]:
        """Its answers to the questions at these places of the file, from 0."""
        from lm_eval.evaluator import evaluate
        from lm_eval.models.huggingface import HFLM

        with _silent():
            wrapped = HFLM(
                self.model, tokenizer=self.tokenizer, batch_size=batch_size, device=self.model.device.type, backend="causal"
            )
            found: Any = evaluate(wrapped, self._tasks, samples={self.task: list(places)}, bootstrap_iters=0)
        return [_scored(sample) for sample in found["samples"][self.task]]

    def prompts(self) -> list[str]:
        """What its task makes of every question of the file."""
        task = self._tasks["tasks"][self.task]
        return [task.doc_to_text(record) for record in task.test_docs()]


def _scored(sample: dict[str, Any]) -> Scored:
    nlls = tuple(-response[0] for response in sample["filtered_resps"])
    return Scored(nlls, LETTERS[nlls.index(min(nlls))])


def _write_task(name: str, questions: Path, style: str, folder: Path) -> None:
    """The task's file, which includes the installed one, and the questions under the names that they have on the hub."""
    try:
        import lm_eval
    except ImportError as error:
        raise MissingError("there is no lm-eval to compare with", "pip install 'jmlr[benchmark]'") from error
    records = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    lines = "".join(json.dumps(_as_on_the_hub(record)) + "\n" for record in records)
    (folder / "questions.jsonl").write_text(lines, encoding="utf-8")
    task = {
        "include": str(Path(lm_eval.__file__).parent / "tasks" / "medqa" / "medqa.yaml"),
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(folder / "questions.jsonl")}, "cache_dir": str(folder / "cache")},
        "training_split": None,
        "validation_split": None,
    }
    own = {"doc_to_choice": WRITTEN_OUT} if style == "option" else {}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**task, **own}), encoding="utf-8")


def _as_on_the_hub(record: dict[str, Any]) -> dict[str, Any]:
    """A record of MedQA as ``GBaker/MedQA-USMLE-4-options-hf`` has it. Not read by our own reader, which is under test."""
    endings = {f"ending{place}": record["options"][letter] for place, letter in enumerate(LETTERS)}
    return {"sent1": record["question"], **endings, "label": LETTERS.index(record["answer_idx"])}


def _tasks(folder: Path, name: str) -> dict[str, Any]:
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=str(folder), include_defaults=False).load([name])


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without the bars and the advice that it writes; an error is still raised."""
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        yield

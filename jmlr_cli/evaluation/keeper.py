"""An evaluation is written question by question, so that a killed one can be gone on with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from shutil import rmtree
from typing import IO, Any

from jmlr_cli.evaluation.identity import BESIDE
from jmlr_cli.evaluation.kept import Kept
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.result_lines import line_of
from jmlr_cli.files import write_json
from jmlr_cli.lock import writing


class Keeper:
    """Writes an evaluation as it grows. ``done`` holds the results that an earlier process left. Nothing on disk changes
    before the first new result: an evaluation that cannot begin leaves what was there."""

    def __init__(self, kept: Kept, begun: dict[str, Any], done: Sequence[QuestionResult], stack: ExitStack) -> None:
        self.kept = kept
        self.done = tuple(done)
        self._begun = begun
        self._stack = stack
        self._file: IO[bytes] | None = None

    def add(self, result: QuestionResult) -> None:
        """Write one more result: it survives the end of this process, however that ends."""
        file = self._file = self._file or self._opened()
        file.write(line_of(result))
        file.flush()

    def finish(self, figures: dict[str, Any]) -> dict[str, Any]:
        """Write the record of a finished evaluation, and return it."""
        if self._file:
            os.fsync(self._file.fileno())
        record = {**figures, **self._begun, "status": "ok", "resumed": len(self.done)}
        write_json(self.kept.record_file, record)
        return record

    def _opened(self) -> IO[bytes]:
        unfinished = {"schema": "jmlr.eval/1", **self._begun, "status": "unfinished"}
        if not self.done:  # until the old lines are gone, nobody may go on from them
            write_json(self.kept.record_file, {**unfinished, "made_by": None})
        file = self._stack.enter_context(self.kept.lines.open("ab"))
        file.truncate(sum(len(line) + 1 for line in self.kept.whole_lines()[: len(self.done)]))
        write_json(self.kept.record_file, unfinished)
        return file


@contextmanager
def keeping(kept: Kept, begun: dict[str, Any], questions: Sequence[str], batch: int, again: bool) -> Iterator[Keeper]:
    """A keeper of the evaluation of the questions with these ids, which goes on where one of the very same stopped, or with
    ``again`` begins anew. ``begun`` is what is known of it beforehand. Raises :class:`InputError` while another process
    writes it."""
    with writing(kept.folder), ExitStack() as stack:
        try:
            yield Keeper(kept, begun, [] if again else resumable(kept, begun, questions, batch), stack)
        finally:
            if not kept.record_file.exists():
                rmtree(kept.folder, ignore_errors=True)


def resumable(kept: Kept, begun: dict[str, Any], questions: Sequence[str], batch: int) -> list[QuestionResult]:
    """The results to go on from: those of the first questions, in whole batches, because the last digits of a likelihood
    hang on what else is in its batch. None of another software or device: all figures of an evaluation come from one (what else
    decides them is in its name)."""
    before = kept.record().get("made_by") or {}
    if any(before.get(key) != begun["made_by"][key] for key in BESIDE):
        return []
    results = kept.results()
    if [result.id for result in results] != list(questions[: len(results)]):
        return []
    return results if len(results) == len(questions) else results[: len(results) - len(results) % batch]

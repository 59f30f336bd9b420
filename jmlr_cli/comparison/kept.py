"""Evaluations are kept in the workspace, and made once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from jmlr_cli.answering.system import System
from jmlr_cli.comparison.compare import Evaluated
from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.evaluation.results import Evaluation, QuestionResult
from jmlr_cli.evaluation.settings import Mode, Settings
from jmlr_cli.evaluation.system import brings_passages
from jmlr_cli.files import write_json, write_whole
from jmlr_cli.questions.digest import questions_digest
from jmlr_cli.runs.run import package_versions
from jmlr_cli.workspace import Workspace

RECORD, LINES = "evaluation.json", "results.jsonl"


def evaluated_once(
    system: System, questions: QuestionSet, mode: Mode, settings: Settings, evaluate: Callable[[], Evaluation]
) -> Evaluated:
    """The kept evaluation of this very system on these very questions; where there is none, ``evaluate`` makes it."""
    made_by = _made_by(system, questions, mode, settings)
    digest = _digest({**made_by, "versions": None, "mode": mode})[:8]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{questions.name}-{mode}-{Path(system.name).name}"[:90]) + f"-{digest}"
    folder = Workspace.current().evaluations / name
    if not (folder / RECORD).is_file():
        found = evaluate()
        lines = "".join(json.dumps(asdict(result), ensure_ascii=False) + "\n" for result in found.results)
        write_whole(folder / LINES, lines.encode())
        told = {"run": system.run.name if system.run else None, "model": system.generator.name}
        write_json(folder / RECORD, {**found.as_json(), **told, "evaluation": name, "made_by": made_by})
    return _read(folder)


def _read(folder: Path) -> Evaluated:
    lines = (folder / LINES).read_text(encoding="utf-8").splitlines()
    results = TypeAdapter(tuple[QuestionResult, ...]).validate_python([json.loads(line) for line in lines])
    return Evaluated(folder.name, results)


def _made_by(system: System, questions: QuestionSet, mode: Mode, settings: Settings) -> dict[str, Any]:
    """All that decides an evaluation, and the versions that it was made with."""
    index = None
    if mode != "closed" and not brings_passages(system, questions):
        manifest = system.index.manifest
        files = _digest(manifest.checksums)
        index = {"name": manifest.name, "fingerprint": manifest.fingerprint, "sha256": files}
    return {
        "recipe": system.recipe.model_dump(mode="json", exclude={"description", "needs", "evaluation", "training"}),
        "run": system.run.name if system.run else None,
        "index": index,
        "questions": {"name": questions.name, "source": questions.source, "sha256": questions_digest(questions.questions)},
        "settings": asdict(settings),
        "where": [str(condition) for condition in system.filters],
        "versions": package_versions(),
    }


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()

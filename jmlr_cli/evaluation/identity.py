"""What an evaluation was made by, and the name that follows from it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from typing import Any

from jmlr_cli import __version__
from jmlr_cli.answering.system import System, find_index
from jmlr_cli.assemble import make_generator, make_retriever
from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.evaluation.settings import Mode, Settings
from jmlr_cli.evaluation.system import brings_passages
from jmlr_cli.files import stamps
from jmlr_cli.index.manifest import Manifest, read_manifest
from jmlr_cli.questions.digest import questions_digest
from jmlr_cli.runs.run import Run
from jmlr_cli.versions import package_versions

BESIDE = ("versions", "device")
"""What is told of an evaluation and does not give it another name: a finished one is still worth showing."""

LONGEST = 40
"""Letters of a task's or a system's name that go into an evaluation's."""


def made_by(system: System, questions: QuestionSet, mode: Mode, settings: Settings) -> dict[str, Any]:
    """All that decides the results, as JSON has it. No weights are loaded, and the index is not opened."""
    own, generator = brings_passages(system, questions), make_generator(system.recipe.generator)
    reads_index = mode == "random" or (mode != "closed" and not own)
    return {
        "jmlr": __version__,
        "recipe": system.recipe.model_dump(mode="json"),
        "run": _run(system.run),
        "model": {"name": generator.name, "fingerprint": generator.fingerprint},
        "index": _index(system.manifest) if reads_index else None,
        "rank_agreement_index": _named_index(settings.rank_agreement_index),
        "where": [str(each) for each in system.filters] if reads_index else [],
        "reranked_by": make_retriever(system.retriever_config).fingerprint if mode == "rag" and own else None,
        "questions": _questions(questions),
        "mode": mode,
        "settings": asdict(settings),
        "versions": package_versions(),
        "device": _device(),
    }


def evaluation_name(task: str, mode: Mode, system: str, made_by: dict[str, Any]) -> str:
    """``TASK-MODE-SYSTEM-DIGEST``; the digest changes with anything that decides the results."""
    decides = {key: value for key, value in made_by.items() if key not in BESIDE}
    decides["questions"] = made_by["questions"]["sha256"]  # the same questions may be read from elsewhere
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:10]
    return f"{_part(task)}-{mode}-{_part(system)}-{digest}"


def _part(text: str) -> str:
    last = text.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._]+", "-", last).strip("-._")[:LONGEST] or "unnamed"


def _run(run: Run | None) -> dict[str, str] | None:
    if run is None:
        return None
    return {"name": run.name, "adapters": stamps(run.adapters) if run.adapters.is_dir() else ""}


def _named_index(name: str | None) -> dict[str, Any] | None:
    return _index(read_manifest(find_index(name))) if name else None


def _index(manifest: Manifest) -> dict[str, Any]:
    content = json.dumps(manifest.checksums, sort_keys=True).encode()
    told = manifest.model_dump(include={"name", "retriever", "checkpoint", "options", "fingerprint", "documents", "passages"})
    return {**told, "content": hashlib.sha256(content).hexdigest()}


def _questions(questions: QuestionSet) -> dict[str, Any]:
    return {
        "name": questions.name,
        "source": questions.source,
        "split": questions.split,
        "n": len(questions.questions),
        "sha256": questions_digest(questions.questions),
    }


def _device() -> str:
    from jmlr_cli.devices import device

    return device().type

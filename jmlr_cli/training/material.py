"""What a run learns from, told by digests: a run is used again only while its material is what it was."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256

from jmlr_cli.errors import JmlrError
from jmlr_cli.index.manifest import read_manifest
from jmlr_cli.questions.digest import questions_digest
from jmlr_cli.questions.load import load_questions
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.runs.find import runs_of
from jmlr_cli.runs.run import Run
from jmlr_cli.workspace import Workspace

Material = dict[str, str | None]
"""SHA-256 of the training questions, and of the index's files; None where there are none."""


def material_of(recipe: Recipe) -> Material:
    """What a run of this recipe would learn from. Raises :class:`JmlrError` where it is not here."""
    data = recipe.data
    reads = recipe.candidates.read > 0 or recipe.retriever.train
    return {
        "questions": questions_digest(load_questions(data.train, "train").questions[: data.limit]) if data.train else None,
        "index": _index_digest(data.index) if data.index and reads else None,
    }


def find_run(recipe: Recipe) -> Run | None:
    """The newest finished run that trained what ``recipe`` trains, on what is here now; without one, the newest to go on with.
    A run that has no material on record, and any run while the material is not here, counts by its recipe alone."""
    found = runs_of(recipe)
    here: Material | None = None
    with suppress(JmlrError):
        here = material_of(recipe) if found else None
    return next((run for run in found if here is None or run.record().get("material", here) == here), None)


def _index_digest(name: str) -> str:
    manifest = read_manifest(Workspace.current().index(name))
    return sha256(json.dumps([manifest.fingerprint, manifest.checksums], sort_keys=True).encode()).hexdigest()

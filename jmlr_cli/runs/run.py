"""A run's folder: its recipe, its record, and the models it made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jmlr_cli.contracts.config import GeneratorConfig, RetrieverConfig
from jmlr_cli.errors import DamagedError
from jmlr_cli.files import flush, read_sealed, sha256, write_sealed
from jmlr_cli.recipe.schema import Recipe

RECORD, RECIPE, REFRESHED = "run.json", "recipe.yaml", "candidates"
SEALED = (RECIPE, "metrics.jsonl", "curves.png", "generator", "retriever", "index/manifest.json")
"""What a finished run's record holds the checksums of. Its index's manifest and its checkpoints' seals hold those of theirs."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run. ``adapters``, ``retriever`` and ``index`` are there when the run finished and trained them."""

    folder: Path
    recipe: Recipe

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def adapters(self) -> Path:
        return self.folder / "generator"

    @property
    def retriever(self) -> Path:
        return self.folder / "retriever"

    @property
    def index(self) -> Path:
        return self.folder / "index"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def refreshed(self) -> Path:
        return self.folder / REFRESHED

    @property
    def curves(self) -> Path:
        return self.folder / "curves.png"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    def record(self) -> dict[str, Any]:
        """What is known of the run: status, steps, losses, versions."""
        return {key: value for key, value in read_record(self.folder).items() if key != "checksums"}

    @property
    def checksums(self) -> dict[str, str]:
        """The SHA-256 of the files that are not to change any more."""
        return read_record(self.folder).get("checksums", {})

    def read_metrics(self) -> list[dict[str, Any]]:
        """The metrics logged so far, a line a dict; a last line cut off by a crash is left out."""
        lines = self.metrics.read_text(encoding="utf-8").splitlines() if self.metrics.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def update(self, **values: Any) -> None:
        """Change the record."""
        write_sealed(self.folder / RECORD, {**read_record(self.folder), **values})

    def finish(self, **values: Any) -> None:
        """Declare the run finished, and its files final."""
        final = [path for name in SEALED for path in (self.folder / name, *(self.folder / name).rglob("*")) if path.is_file()]
        for path in final:
            flush(path)
        checksums = {path.relative_to(self.folder).as_posix(): sha256(path) for path in final}
        self.update(status="finished", error=None, checksums=checksums, **values)

    @property
    def retriever_config(self) -> RetrieverConfig:
        """The retriever as this run left it."""
        return trained_config(self.recipe, self.retriever) if self.retriever.is_dir() else self.recipe.retriever

    @property
    def generator_config(self) -> GeneratorConfig:
        """The language model that the run's adapters belong on."""
        return self.recipe.generator


def trained_config(recipe: Recipe, folder: Path) -> RetrieverConfig:
    """The retriever of a recipe with the weights that training left in ``folder``."""
    config = recipe.retriever.model_copy(update={"lora": None})
    if recipe.candidates.refresh == "query-only":
        return config.model_copy(update={"options": {**config.options, "query_checkpoint": str(folder)}})
    return config.model_copy(update={"checkpoint": str(folder)})


def read_record(folder: Path) -> dict[str, Any]:
    """All that the record in a run's folder holds. Raises :class:`DamagedError` when it is not what was written."""
    try:
        record, confirmed = read_sealed(folder / RECORD)
        if "checksums" in record and not confirmed:  # who writes the one writes the other: its name is damaged
            raise ValueError("it lacks its checksum")
    except (OSError, ValueError) as error:
        raise DamagedError(f"the run {folder.name!r} is damaged: {RECORD} cannot be read ({error})", "Train it again.") from None
    return record

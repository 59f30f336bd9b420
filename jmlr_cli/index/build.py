"""Passages become an index, or bring one up to date."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import DamagedError
from jmlr_cli.files import folder_checksums
from jmlr_cli.index.manifest import (
    Manifest,
    generation_folder,
    has_manifest,
    read_manifest,
    verify,
    write_manifest,
)
from jmlr_cli.index.passages import PassageStore, write_passages
from jmlr_cli.lock import writing

PASSAGES = "passages.sqlite"
VECTORS = "retriever"


@dataclass(frozen=True, slots=True)
class Change:
    """What a build did, counted in passages."""

    manifest: Manifest
    added: int
    unchanged: int
    removed: int


def build_index(
    folder: Path, retriever: Retriever, passages: Sequence[Passage], passage_words: int, progress: Progress = silent
) -> Change:
    """Make the index in ``folder`` hold exactly ``passages``, encoding only those it does not hold yet.

    The old generation serves readers until the new one is whole; then one rename of the manifest
    replaces it. Raises :class:`InputError` while another process writes the same index.
    """
    with writing(folder):
        current = _current(folder)
        _sweep(folder, current)
        old = _reusable(folder, current, retriever)
        before = _held(folder, old)
        ids = {passage.id for passage in passages}
        added = [passage for passage in passages if passage.id not in before]
        removed = before.keys() - ids
        if old and _is_that(old, retriever) and before == {passage.id: _digest(passage) for passage in passages}:
            return Change(old, 0, len(ids), 0)
        into = folder / "generations" / _next_name(folder, current)
        manifest = _generation(into, retriever, passages, added, removed, old, passage_words, progress)
        write_manifest(folder, manifest)
        _sweep(folder, manifest)
    return Change(manifest, len(added), len(ids) - len(added), len(removed))


def _generation(
    into: Path,
    retriever: Retriever,
    passages: Sequence[Passage],
    added: list[Passage],
    removed: set[str],
    old: Manifest | None,
    passage_words: int,
    progress: Progress,
) -> Manifest:
    folder = into.parent.parent
    (into / VECTORS).mkdir(parents=True)
    write_passages(into / PASSAGES, passages)
    progress(0, len(added))
    if old is None:
        retriever.build(passages, into / VECTORS, progress)
    else:
        retriever.update(generation_folder(folder, old) / VECTORS, into / VECTORS, added, removed, progress)
    return Manifest(
        name=folder.name,
        generation=into.name,
        retriever=retriever.config.plugin,
        checkpoint=retriever.config.checkpoint,
        options=retriever.config.options,
        fingerprint=retriever.fingerprint,
        passage_words=passage_words,
        documents=len({passage.document for passage in passages}),
        passages=len(passages),
        checksums=folder_checksums(into),
    )


def _current(folder: Path) -> Manifest | None:
    """The current generation's manifest; None when there is none that can be read."""
    if not has_manifest(folder):
        return None
    try:
        return read_manifest(folder)
    except DamagedError:
        return None


def _reusable(folder: Path, manifest: Manifest | None, retriever: Retriever) -> Manifest | None:
    """``manifest``, if this retriever wrote its files and they are whole."""
    if manifest is None or manifest.fingerprint != retriever.fingerprint:
        return None
    try:
        verify(folder, manifest)
    except (DamagedError, FileNotFoundError):
        return None
    return manifest


def _is_that(manifest: Manifest, retriever: Retriever) -> bool:
    """Whether the manifest names this very retriever: some options shape no file, yet change its scores."""
    config = retriever.config
    return (manifest.checkpoint, manifest.options) == (config.checkpoint, config.options)


def _held(folder: Path, manifest: Manifest | None) -> dict[str, bytes]:
    """The digest of each passage that the index holds, by id."""
    if manifest is None:
        return {}
    store = PassageStore(generation_folder(folder, manifest) / PASSAGES)
    try:
        return {passage.id: _digest(passage) for passage in store}
    finally:
        store.close()


def _digest(passage: Passage) -> bytes:
    """Eight bytes that change with whatever an index keeps of a passage."""
    kept = json.dumps([passage.id, passage.position, sorted(passage.metadata.items())])
    return blake2b(kept.encode(), digest_size=8).digest()


def _next_name(folder: Path, current: Manifest | None) -> str:
    """A generation's name that none has had: one more than the greatest, on disk or in the manifest."""
    names = [path.name for path in (folder / "generations").glob("*")] + ([current.generation] if current else [])
    return f"{max((int(name) for name in names if name.isdigit()), default=0) + 1:06d}"


def _sweep(folder: Path, current: Manifest | None) -> None:
    """Remove generations that the manifest does not name: an interrupted build's, or the one just replaced."""
    for path in (folder / "generations").glob("*"):
        if current is None or path.name != current.generation:
            shutil.rmtree(path)

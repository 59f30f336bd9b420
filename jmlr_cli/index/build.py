"""Passages become an index, or bring one up to date."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import DamagedError
from jmlr_cli.files import flush, folder_checksums
from jmlr_cli.index import job as jobs
from jmlr_cli.index.job import Job
from jmlr_cli.index.manifest import (
    Manifest,
    generation_folder,
    has_manifest,
    read_manifest,
    verify,
    write_manifest,
)
from jmlr_cli.index.passages import write_passages
from jmlr_cli.index.work import PASSAGES, VECTORS, Work
from jmlr_cli.lock import writing
from jmlr_cli.temporary import sweep


@dataclass(frozen=True, slots=True)
class Change:
    """What a build did, counted in passages. ``resumed``: it went on with what an interrupted one had left."""

    manifest: Manifest
    added: int
    unchanged: int
    removed: int
    resumed: bool = False


def build_index(
    folder: Path,
    retriever: Retriever,
    passages: Iterable[Passage],
    passage_words: int,
    progress: Progress = silent,
    *,
    rebuild: bool = False,
    on_resume: Callable[[], object] | None = None,
    announce: Callable[[Work | None], object] = lambda work: None,
) -> Change:
    """Make the index in ``folder`` hold exactly ``passages``, encoding only those it does not hold yet, or with ``rebuild``
    all of them. The passages are read once, one at a time.

    The old generation serves readers until the new one is whole; then one rename of the manifest replaces it. Where an
    interrupted call left a part of the very same work, ``on_resume`` is called, and the retriever goes on from that part.
    ``announce`` is told what the retriever is about to do, or None when there is nothing to do, so that others may do it with it.
    Raises :class:`InputError` while another process writes the same index, and sqlite3.IntegrityError for two passages of one id.
    """
    with writing(folder):
        current = _current(folder)
        old = None if rebuild else _reusable(folder, current, retriever)
        _sweep(folder, current, but=_unfinished(folder, retriever, old))
        fresh = _staged(folder, current, passages)
        before = generation_folder(folder, old) if old else None
        change = Work.between(fresh, before).change
        if old and _is_that(old, retriever) and change.is_nothing:
            _sweep(folder, old)
            announce(None)
            return Change(old, 0, old.passages, 0)
        work = Work.between(_place(fresh, Job.of(retriever, old, change)), before)
        if work.into != fresh and on_resume:
            on_resume()
        announce(work)
        manifest = _generation(work, retriever, passage_words, progress)
        jobs.done(work.into)
        _flush(work.into)
        write_manifest(folder, manifest)
        _sweep(folder, manifest)
    added = work.change.count_added
    return Change(manifest, added, manifest.passages - added, len(work.change.removed), resumed=work.into != fresh)


def _staged(folder: Path, current: Manifest | None, passages: Iterable[Passage]) -> Path:
    """A new generation's folder that holds the passages, and nothing of the retriever yet."""
    fresh = folder / "generations" / _next_name(folder, current)
    fresh.mkdir(parents=True)
    try:
        write_passages(fresh / PASSAGES, passages)
    except BaseException:
        shutil.rmtree(fresh)
        raise
    return fresh


def _unfinished(folder: Path, retriever: Retriever, old: Manifest | None) -> list[str]:
    """The names of the generations that this retriever may go on with: whether it does, their passages tell."""
    start = (retriever.fingerprint, old.generation if old else None)
    found = {path.name: jobs.left_by(path) for path in (folder / "generations").glob("*")}
    return [name for name, job in found.items() if job and (job.fingerprint, job.old) == start]


def _place(fresh: Path, job: Job) -> Path:
    """Where the retriever writes: the generation that an interrupted call left with the same ``job``, which gets the passages
    of ``fresh``, else ``fresh`` itself. Others that were left are removed."""
    into = next((path for path in fresh.parent.glob("*") if jobs.left_by(path) == job), fresh)
    for path in fresh.parent.glob("*"):
        if path not in (into, fresh) and jobs.left_by(path):
            shutil.rmtree(path)
    if into != fresh:
        (fresh / PASSAGES).replace(into / PASSAGES)  # same ids; places and metadata may be new
        fresh.rmdir()
    (into / VECTORS).mkdir(exist_ok=True)
    job.write(into)
    return into


def _generation(work: Work, retriever: Retriever, passage_words: int, progress: Progress) -> Manifest:
    """Let the retriever write its files. Returns the manifest of the finished generation."""
    progress(0, work.change.count_added)
    work.done_by(retriever, progress)
    into = work.into
    sweep(into)  # what a killed call was just writing is no finished file
    return Manifest(
        name=into.parent.parent.name,
        generation=into.name,
        retriever=retriever.config.plugin,
        checkpoint=retriever.config.checkpoint,
        options=retriever.config.options,
        fingerprint=retriever.fingerprint,
        passage_words=passage_words,
        documents=work.change.documents,
        passages=work.change.passages,
        checksums={name: checksum for name, checksum in folder_checksums(into).items() if name != jobs.FILE},
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


def _next_name(folder: Path, current: Manifest | None) -> str:
    """A generation's name that none has had: one more than the greatest, on disk or in the manifest."""
    names = [path.name for path in (folder / "generations").glob("*")] + ([current.generation] if current else [])
    return f"{max((int(name) for name in names if name.isdigit()), default=0) + 1:06d}"


def _flush(folder: Path) -> None:
    """Have the system write all below a folder to the disk: a power cut must not leave a manifest without its files."""
    for path in (*folder.rglob("*"), folder, folder.parent):
        flush(path)


def _sweep(folder: Path, current: Manifest | None, but: Iterable[str] = ()) -> None:
    """Remove the generations that the manifest does not name: the one just replaced, or what was interrupted, ``but`` for those
    that may be gone on with."""
    kept = {*but, current.generation if current else ""}
    for path in (folder / "generations").glob("*"):
        if path.name not in kept:
            shutil.rmtree(path)

"""Measure the retrieval engine beside exact search and other engines: recall, latency, size, memory, encoding.

    python benchmarks/retrieval.py                          # colbert, bm25, dense, encoding; encodes the corpus once
    python benchmarks/retrieval.py --only bm25 --large      # one section, the larger corpus too
    python benchmarks/retrieval.py --tiny --json -          # seconds: does it run?

Sides take turns in one process; figures are medians; a goal stands beside its figure, met or not.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from arguments import Parser, in_scratch, positive
from pictures import picture
from retrieval_parts.settings import FULL, SECTIONS, TINY, USUAL, Settings

from jmlr_cli import console
from jmlr_cli.errors import InputError
from jmlr_cli.files import write_json
from jmlr_cli.workspace import Workspace

if TYPE_CHECKING:
    from retrieval_parts.figures import Found

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DISAGREED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code, 1 when scores that must be the same differ."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    command = shlex.join(["python", "benchmarks/retrieval.py", *given])
    return in_scratch(lambda folder: _run(options, folder, command))


def _run(options: argparse.Namespace, folder: Path, command: str) -> int:
    """Measure the sections one after the other, each shown as soon as it is there; the exit code."""
    settings = _settings(options, folder)
    from retrieval_parts.machine import machine
    from retrieval_parts.picture import draw_curve
    from retrieval_parts.report import make_report, show, show_about

    about = {"command": command, "seed": settings.seed, "tiny": options.tiny, "machine": machine()}
    quiet = options.json == "-"
    if not quiet:
        show_about(about)
    found: list[Found] = []
    for each in _found(options.only, settings):
        found.append(each)
        if not quiet:
            show(each)
    if options.picture and (curves := [each for each in found if each.section == "colbert"]):
        draw_curve(options.picture, curves)
    report = make_report(about, found)
    if quiet:
        console.emit(report)
    elif options.json:
        write_json(Path(options.json), report)
    sys.stderr.writelines(f"The two sides disagree: {failure}.\n" for failure in report["failures"])
    return DISAGREED if report["failures"] else 0


def _found(only: Sequence[str], settings: Settings) -> Iterator[Found]:
    """What the sections find, in their own order."""
    measures = _measures()
    for section in SECTIONS:
        if section in only:
            yield from measures[section](settings)


def _measures() -> dict[str, Callable[[Settings], Iterator[Found]]]:
    from retrieval_parts.bm25 import measure_bm25
    from retrieval_parts.colbert import measure_colbert
    from retrieval_parts.dense import measure_dense
    from retrieval_parts.encoding import measure_encoding
    from retrieval_parts.scifact import measure_scifact

    return dict(zip(SECTIONS, (measure_colbert, measure_bm25, measure_dense, measure_encoding, measure_scifact), strict=True))


# -- the command line


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    add = parser.add_argument
    add("--only", type=_sections, default=USUAL, metavar="A,B", help=f"sections of {', '.join(SECTIONS)} (all but scifact)")
    add("--large", action="store_true", help="also 100,000 passages (ColBERT), 230,000 (BM25), 250,000 (dense), generated")
    add("--tiny", action="store_true", help="sizes of seconds and a random encoder: does it run?")
    add("--json", metavar="OUT", help="write one JSON object into this file; - writes it on stdout, and nothing else there")
    add("--picture", type=picture, metavar="OUT", help="draw overlap against latency into this .svg or .png")
    add("--seed", type=int, default=0, help="decides what is generated and which questions are drawn (0)")
    add("--threads", type=positive, help="CPU threads of all sides; by default torch's own number")
    add("--rounds", type=positive, default=5, help="rounds of batches and of encoding, of which the median counts (5)")
    add("--passages", type=positive, help="passages of the usual corpus (15000)")
    add("--words", type=positive, default=140, help="longest passage in words (140)")
    add("--corpus", type=Path, help="folder of documents (../shared/data/guidelines if there, otherwise generated)")
    add("--generated", action="store_true", help="generate what no option names, whatever lies in ../shared/data")
    add("--queries", type=Path, help="file of short questions (../shared/data/medquad/dev.jsonl)")
    add("--vignettes", type=Path, help="file of long questions, for BM25 (../shared/data/medqa/dev_4opt.jsonl)")
    add("--beir", type=Path, help="judged collection of the section scifact (../shared/data/scifact)")
    add("--checkpoint", help="the encoder, a name of `jmlr models` or a folder (all-minilm-l6-v2)")
    add("--precision", choices=["auto", "float32", "bfloat16"], default="auto", help="what encoders compute in (auto)")
    add("--work", type=Path, help="where encoded vectors and indexes are kept (the workspace's folder benchmark)")
    return parser


def _sections(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"there is no section {unknown[0]!r}, only {', '.join(SECTIONS)}")
    return names


def _settings(options: argparse.Namespace, folder: Path) -> Settings:
    """What is run; ``folder`` goes when the run ends. Raises :class:`InputError` for a path that is not there."""
    usual = None if options.generated or options.tiny else DATA
    sizes = TINY if options.tiny else FULL
    if options.passages:
        sizes = replace(sizes, passages=options.passages)
    return Settings(
        sizes=sizes,
        work=options.work or (folder / "work" if options.tiny else Workspace.current().root / "benchmark"),
        corpus=_path(options.corpus, usual, "guidelines"),
        queries=_path(options.queries, usual, "medquad/dev.jsonl"),
        vignettes=_path(options.vignettes, usual, "medqa/dev_4opt.jsonl"),
        beir=_path(options.beir, usual, "scifact"),
        checkpoint=options.checkpoint or (_tiny_encoder(folder) if options.tiny else "all-minilm-l6-v2"),
        precision=options.precision,
        words=options.words,
        rounds=options.rounds,
        threads=_threads(options.threads),
        seed=options.seed,
        large=options.large,
    )


def _path(named: Path | None, usual: Path | None, name: str) -> Path | None:
    """What was named, else the usual place if something is there."""
    if named is not None and not named.exists():
        raise InputError(f"there is no {named}", "Leave the option out to measure on the usual or on generated data.")
    return named or (usual / name if usual and (usual / name).exists() else None)


def _tiny_encoder(folder: Path) -> str:
    from transformers.utils import logging

    from jmlr_cli.models.resolve import sample_texts
    from jmlr_cli.models.tiny import build_tiny_encoder

    logging.disable_progress_bar()
    return str(build_tiny_encoder(folder / "encoder", sample_texts()))


def _threads(wanted: int | None) -> int:
    """Let torch and faiss use as many threads."""
    import faiss
    import torch

    if wanted:
        torch.set_num_threads(wanted)
    faiss.omp_set_num_threads(torch.get_num_threads())
    return torch.get_num_threads()


if __name__ == "__main__":
    sys.exit(main())

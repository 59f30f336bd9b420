"""Time our closed-book evaluation beside EleutherAI's lm-evaluation-harness: questions a second, the same answers.

    python benchmarks/evaluation.py                 # SmolLM2-135M on MedQA, in the format of medqa_4options
    python benchmarks/evaluation.py --tiny --json   # seconds, random weights and words: does it run?

Both sides use the very same model object, take turns in one process, and must agree on every option's likelihood.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from arguments import Parser, in_scratch, positive
from evaluation_parts.settings import STYLES, TOLERANCE, Settings

from jmlr_cli import console
from jmlr_cli.errors import InputError

MEDQA = Path(__file__).resolve().parents[2] / "shared" / "data" / "medqa" / "dev_4opt.jsonl"
DISAGREED = 1
BATCHES = {"cpu": (1, 4, 16), "cuda": (16, 64, 256), "mps": (4, 16, 64)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code, 1 when the two sides disagree."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    command = shlex.join(["python", "benchmarks/evaluation.py", *given])
    return in_scratch(lambda folder: _run(options, folder, command))


def _run(options: argparse.Namespace, folder: Path, command: str) -> int:
    settings = _settings(options, folder)
    from evaluation_parts.compare import compare
    from evaluation_parts.ours import load_generator
    from evaluation_parts.report import make_report, show

    generator = load_generator(settings.model, settings.dtype)
    report = make_report(command, settings, [compare(style, settings, generator, folder) for style in settings.styles])
    console.emit(report) if options.json else show(report)
    for style in report["disagreed"]:
        sys.stderr.write(f"The two sides disagree on {style} answers.\n")
    return DISAGREED if report["disagreed"] else 0


# -- the command line


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    add = parser.add_argument
    add("--size", type=positive, default=16, help="questions in a round (16)")
    add("--rounds", type=positive, default=5, help="timed rounds of each side, of which the median counts (5)")
    add("--only", choices=STYLES, help="one style of answers: letter (A), or option (A. Aspirin); by default both")
    add("--questions", type=Path, help="file of MedQA's records (../shared/data/medqa/dev_4opt.jsonl)")
    add("--model", default="smollm2-135m", help="a name of `jmlr models`, a hub id or a folder (smollm2-135m)")
    add("--dtype", choices=[*TOLERANCE], default="float32", help="what the model computes in (float32)")
    add(
        "--batch-sizes",
        type=_sizes,
        metavar="N,N",
        help="lm-eval's batch sizes; it keeps the quickest (1,4,16; on a GPU 16,64,256)",
    )
    add("--threads", type=positive, help="CPU threads of both sides; by default torch's own number")
    add("--tiny", action="store_true", help="a tiny model with random weights, and random questions")
    add("--json", action="store_true", help="one JSON object on stdout")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(map(positive, text.split(",")))


def _settings(options: argparse.Namespace, folder: Path) -> Settings:
    """What is run. Raises :class:`InputError` when there are too few questions."""
    questions = _random_questions(folder, options.size * options.rounds) if options.tiny else options.questions or MEDQA
    wanted = options.size * options.rounds
    there = len(questions.read_text(encoding="utf-8").splitlines()) if questions.is_file() else 0
    if there < wanted:
        found = f"{questions} holds {there} questions" if there else f"there is no {questions}"
        raise InputError(f"{found}, but {wanted} are wanted", "Name a file with --questions, or reduce --rounds or --size.")
    import torch

    from jmlr_cli.devices import device

    if options.threads:
        torch.set_num_threads(options.threads)
    styles = (options.only,) if options.only else STYLES
    model = _tiny_model(folder) if options.tiny else options.model
    sizes = options.batch_sizes or BATCHES[device().type]
    return Settings(model, questions, options.size, options.rounds, styles, options.dtype, sizes)


def _tiny_model(folder: Path) -> str:
    from transformers.utils import logging

    from jmlr_cli.models.resolve import sample_texts
    from jmlr_cli.models.tiny import build_tiny_decoder

    logging.disable_progress_bar()
    return str(build_tiny_decoder(folder / "decoder", sample_texts()))


def _random_questions(folder: Path, count: int) -> Path:
    """A file of questions made of the sample's words, in MedQA's records."""
    from jmlr_cli.models.resolve import sample_texts

    words = sorted({word for text in sample_texts() for word in text.split() if word.isalpha()})
    chance = random.Random(0)

    def text(shortest: int, longest: int) -> str:
        return " ".join(chance.choices(words, k=chance.randint(shortest, longest)))

    records = [
        {"question": text(20, 60), "options": {letter: text(1, 6) for letter in "ABCD"}, "answer_idx": chance.choice("ABCD")}
        for _ in range(count)
    ]
    path = folder / "random.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())

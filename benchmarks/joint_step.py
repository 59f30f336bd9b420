"""Time the joint step beside the published algorithm: forward, backward, AdamW.

    python benchmarks/joint_step.py                 # the small models, as `jmlr train --recipe small` loads them
    python benchmarks/joint_step.py --tiny --json   # seconds, random weights

Both sides use the very same model objects, take turns in one process, and must agree on both losses.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from arguments import Parser, in_scratch, natural, positive
from settings import Settings, make_recipe

from jmlr_cli import console
from jmlr_cli.errors import MissingError

SIDES = ("ours", "published")
TOLERANCE = {"float32": 1e-3, "bfloat16": 5e-2}
DISAGREED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code, 1 when the two sides disagree."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    return in_scratch(lambda folder: _run(options, folder, given))


def _run(options: argparse.Namespace, folder: Path, given: Sequence[str]) -> int:
    """Measure what is asked for; the exit code."""
    _prepare(options)
    if options.only:
        console.emit(_memory(options, folder))
        return 0
    return _compare(options, folder, given)


def _compare(options: argparse.Namespace, folder: Path, given: Sequence[str]) -> int:
    """Measure both sides and show the report; the exit code. Memory comes first: two processes' models need not
    fit side by side."""
    settings = _settings(options)
    from comparison import Comparison
    from report import make_report, show
    from workload import make_workload

    memory = {} if options.skip_memory else {side: _memory_apart(given, side) for side in SIDES}
    compared = Comparison(make_workload(settings, folder))
    compared.check()
    compared.time(options.warmup, options.steps)
    report = make_report(settings, compared, memory, TOLERANCE[options.dtype], options.profile)
    console.emit(report) if options.json else show(report)
    if report["status"] == "ok":
        return 0
    worst = report["agreement"]["worst_loss_difference"]
    sys.stderr.write(f"The two sides disagree: their losses differ by up to {worst:.1e}.\n")
    return DISAGREED


# -- the command line


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    add = parser.add_argument
    add("--steps", type=positive, default=5, help="timed steps of each side (5)")
    add(
        "--warmup",
        type=natural,
        default=1,
        help="untimed steps of each side before them, besides the first, which is checked (1)",
    )
    add("--dtype", choices=[*TOLERANCE], default="float32", help="what both models compute in (float32)")
    add("--threads", type=positive, help="CPU threads; by default torch's own number")
    add("--device", choices=["auto", "cpu", "cuda"], default="auto", help="where the models run (auto: a GPU if there is one)")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--tiny", dest="shape", action="store_const", const="tiny", help="tiny models with random weights")
    shape.add_argument(
        "--shape", choices=["small", "llama2-7b"], help="small: SmolLM2-135M and MiniLM; llama2-7b: random weights"
    )
    parser.set_defaults(shape="small")
    add("--candidates", type=positive, default=20, help="N, candidates of the question (20)")
    add("--sample", type=positive, default=10, help="m, candidates that the language model scores (10)")
    add("--read", type=positive, default=5, help="k, candidates in one prompt (5)")
    add("--rank", type=positive, default=128, help="rank of the adapters (128)")
    add("--passage-tokens", type=positive, nargs=2, metavar=("MIN", "MAX"), help="passages' length (150 400; tiny 20 60)")
    add("--seed", type=int, default=0, help="decides the texts, the adapters and the draw (0)")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe, as in jmlr train")
    add("--profile", type=positive, nargs="?", const=10, metavar="N", help="our step by phase and its N top operators (10)")
    add("--skip-memory", action="store_true", help="do not measure memory, which takes a process for each side")
    add("--json", action="store_true", help="one JSON object on stdout")
    add("--only", choices=SIDES, help="print one side's memory and stop (the benchmark calls itself so)")
    return parser


def _prepare(options: argparse.Namespace) -> None:
    """Choose the device and the threads. Raises :class:`MissingError` where a GPU is wanted and there is none."""
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    make_recipe(_settings(options))  # a mistake in the sizes shows before torch is loaded
    import torch

    wanted = "--shape llama2-7b" if options.shape == "llama2-7b" else "--device cuda" if options.device == "cuda" else None
    if wanted and not torch.cuda.is_available():
        raise MissingError(f"{wanted} needs a GPU, and there is none", "Leave it out to measure on the CPU.")
    if options.threads:
        torch.set_num_threads(options.threads)


def _settings(options: argparse.Namespace) -> Settings:
    shortest, longest = sorted(options.passage_tokens or ((20, 60) if options.shape == "tiny" else (150, 400)))
    return Settings(
        options.shape, options.dtype, options.candidates, options.sample, options.read, options.rank, options.seed,
        (shortest, longest), tuple(options.set),
    )  # fmt: skip


# -- memory, each side in its own process


def _memory(options: argparse.Namespace, folder: Path) -> dict[str, int]:
    """Bytes before and at the peak of two steps: the second has the optimizer's state."""
    from comparison import Comparison
    from measures import memory_of
    from workload import make_workload

    compared = Comparison(make_workload(_settings(options), folder))
    memory = memory_of(lambda: compared.step(options.only), steps=2)
    return {"before": memory.before, "peak": memory.peak, "increment": memory.peak - memory.before}


def _memory_apart(arguments: Sequence[str], side: str) -> dict[str, int]:
    command = [sys.executable, __file__, *arguments, "--only", side]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
        raise MissingError(f"the memory of one side ({side}) could not be measured: {reason[0]}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())

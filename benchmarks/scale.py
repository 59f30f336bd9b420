"""How time, memory and disk of `jmlr index` grow with the corpus.

    python benchmarks/scale.py                                        # 1,000 to 1,000,000 passages, 100,000 with an encoder
    python benchmarks/scale.py --retrievers bm25 --sizes 1000,10000

Each index is made by the installed command, in a process of its own, of generated documents of one passage each. The encoders are
tiny and random: what is measured is everything around them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from arguments import Parser, in_scratch, natural, positive
from pictures import picture, save

from jmlr_cli.errors import JmlrError

SCHEMA = "jmlr.benchmark.scale/1"
ENCODED = ("dense", "colbert")
VOCABULARY = 50_000
SYLLABLES = "ba co di fu ga he ki lo mu na pe ri so tu va we xi yo za che".split()


@dataclass(frozen=True)
class Made:
    """What it took to index so many passages. ``peak`` is the resident size of the process at its highest, in bytes, ``disk`` the
    bytes of the workspace."""

    retriever: str
    passages: int
    seconds: float
    peak: int
    disk: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and show it; the exit code."""
    options = _parser().parse_args(arguments)
    return in_scratch(lambda scratch: _measure(options, scratch))


def _measure(options: argparse.Namespace, scratch: Path) -> int:
    made: list[Made] = []
    for size in options.sizes:
        corpus = scratch / "corpus.jsonl"
        write_corpus(corpus, size, options.words, options.seed)
        for retriever in options.retrievers:
            if retriever not in ENCODED or size <= options.encoded:
                made.append(indexed(retriever, corpus, size, scratch / f"{retriever}-{size}"))
                sys.stderr.write(f"{_line(made[-1])}\n")
    report = {"schema": SCHEMA, "words": options.words, "seed": options.seed, "made": [asdict(each) for each in made]}
    if options.picture:
        _draw(made, options.picture)
    if options.json:
        sys.stdout.write(f"{json.dumps(report)}\n")
        return 0
    for retriever in options.retrievers:
        _show([each for each in made if each.retriever == retriever])
    return 0


def write_corpus(path: Path, passages: int, words: int, seed: int) -> None:
    """One document a line, its words drawn with the frequencies of Zipf's law: the n-th most frequent has a share of 1/n."""
    chance = random.Random(seed)
    vocabulary = [_word(number) for number in range(VOCABULARY)]
    shares = [*accumulate(1 / (rank + 1) for rank in range(VOCABULARY))]
    with path.open("w", encoding="ascii") as file:
        for number in range(passages):
            text = " ".join(chance.choices(vocabulary, cum_weights=shares, k=words))
            file.write(f'{{"_id": "d{number}", "title": "", "text": "{text}."}}\n')


def _word(number: int) -> str:
    base, parts = len(SYLLABLES), []
    for _ in range(4):
        number, rest = divmod(number, base)
        parts.append(SYLLABLES[rest])
    return "".join(parts)


def indexed(retriever: str, corpus: Path, passages: int, home: Path) -> Made:
    """Index the corpus with the installed command, in a workspace of its own."""
    jmlr = str(Path(sys.executable).with_name("jmlr"))
    command = [jmlr, "index", str(corpus), "--name", "x", "--recipe", "tiny", "--retriever", retriever]
    environment = {**os.environ, "JMLR_HOME": str(home), "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _highest(process.pid))
        time.sleep(0.02)
    seconds, error = time.perf_counter() - started, process.stderr.read() if process.stderr else b""
    if process.returncode:
        raise JmlrError(f"jmlr index ended with {process.returncode}", error.decode(errors="replace"))
    disk = sum(path.stat().st_size for path in (home / "indexes").rglob("*") if path.is_file())
    return Made(retriever, passages, seconds, peak, disk)


def _highest(process: int) -> int:
    """The most that a process was resident so far, in bytes; 0 once it has gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 if "VmHWM:" in status else 0


# -- what people see


def _line(made: Made) -> str:
    return (
        f"{made.retriever:8} {made.passages:>9,} passages {made.seconds:9.1f} s {made.peak / 2**20:8,.0f} MiB at most "
        f"{made.disk / made.passages:8,.0f} bytes a passage on disk"
    )


def _show(made: Sequence[Made]) -> None:
    """The figures of one retriever, and by what power of the size time and memory grow from each to the next."""
    for each in made:
        sys.stdout.write(f"{_line(each)}\n")
    for less, more in pairwise(made):
        sys.stdout.write(
            f"  {less.passages:,} to {more.passages:,}: time grows with the size to the power of "
            f"{_power(less, more, 'seconds'):.2f}, memory {_power(less, more, 'peak'):.2f}\n"
        )


def _power(less: Made, more: Made, what: str) -> float:
    return math.log(getattr(more, what) / getattr(less, what)) / math.log(more.passages / less.passages)


def _draw(made: Sequence[Made], path: Path) -> None:
    """Time and memory by the number of passages, both axes logarithmic: a line of slope one is linear growth."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = canvas.subplots(1, 2)
    for retriever in dict.fromkeys(each.retriever for each in made):
        own = [each for each in made if each.retriever == retriever]
        sizes = [each.passages for each in own]
        left.plot(sizes, [each.seconds for each in own], "o-", label=retriever)
        right.plot(sizes, [each.peak / 2**20 for each in own], "o-", label=retriever)
    for axis, label in ((left, "seconds"), (right, "MiB resident at most")):
        axis.set(xscale="log", yscale="log", xlabel="passages", ylabel=label)
        axis.grid(alpha=0.3, which="both")
        axis.legend(fontsize=8, frameon=False)
    save(canvas, path, "scale")


def _parser() -> Parser:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=_sizes, default=[1_000, 10_000, 100_000, 1_000_000], help="passages, with commas between")
    parser.add_argument("--encoded", type=positive, default=100_000, help="the most passages for a retriever with an encoder")
    parser.add_argument("--retrievers", type=lambda text: text.split(","), default=["bm25", *ENCODED], help="with commas between")
    parser.add_argument("--words", type=positive, default=100, help="words of a passage")
    parser.add_argument("--seed", type=natural, default=0, help="seed of what is generated")
    parser.add_argument("--picture", type=picture, metavar="FILE", help="draw the curves (.svg or .png)")
    parser.add_argument("--json", action="store_true", help="write one JSON object on stdout")
    return parser


def _sizes(text: str) -> list[int]:
    return sorted(positive(each) for each in text.split(","))


if __name__ == "__main__":
    sys.exit(main())

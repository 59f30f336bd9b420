"""The benchmark of growth, run on corpora of a few passages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "scale.py"


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_each_size_is_indexed_and_the_curves_are_drawn(tmp_path):
    done = benchmark("--retrievers", "bm25", "--sizes", "200,20", "--picture", str(tmp_path / "scale.svg"), "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)["made"]
    assert [(each["retriever"], each["passages"]) for each in made] == [("bm25", 20), ("bm25", 200)]
    assert all(each["seconds"] > 0 and each["peak"] > 2**20 and each["disk"] > 1000 for each in made)
    assert made[1]["disk"] > made[0]["disk"]
    assert (tmp_path / "scale.svg").read_text().startswith("<?xml")


def test_what_jmlr_refuses_is_told():
    done = benchmark("--retrievers", "unknown", "--sizes", "5")
    assert done.returncode != 0
    assert "unknown" in done.stderr
    assert "Traceback" not in done.stderr

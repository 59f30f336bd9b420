"""A language model whose frozen weights are spread over two processes computes what a whole one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(plain_folder, tmp_path_factory) -> list[dict]:
    """What each of two processes says: they make one scoring pass and three, no learning pass and two."""
    out = tmp_path_factory.mktemp("shards")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "tests.generators.shards_worker", str(plain_folder), str(out)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads((out / f"{rank}.json").read_text()) for rank in range(2)]


def test_each_process_holds_half_of_the_frozen_weights(found):
    assert sum(each["held"] for each in found) == found[0]["all"]
    assert all(each["held"] == pytest.approx(each["all"] / 2, rel=0.02) for each in found)


def test_answers_are_as_likely_as_under_the_whole_model(found):
    assert [len(each["scored"][0]) for each in found] == [1, 3]
    for each in found:
        whole, spread = each["scored"]
        assert spread == pytest.approx(whole, abs=1e-5)


def test_adapters_get_the_gradients_of_the_whole_model(found):
    idle, busy = found
    assert busy["spread"] == pytest.approx(busy["gradients"], rel=1e-5)
    assert min(busy["spread"]) > 0
    assert max(idle["spread"]) == 0.0

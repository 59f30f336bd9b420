"""A coverage-guided fuzzer: python tests/safety/fuzz.py TARGET RUNS [FOLDER-OF-INPUTS]"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["jmlr_cli", "jmlr_plugins"]):
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.safety.targets import SEEDS, targets

if __name__ == "__main__":
    name, runs = sys.argv[1], sys.argv[2]
    target = targets()[name]
    with tempfile.TemporaryDirectory() as inputs:
        for number, seed in enumerate(SEEDS.get(name, ())):
            Path(inputs, str(number)).write_bytes(seed)
        limits = ["-max_len=4096", "-timeout=20", "-rss_limit_mb=2048", "-seed=1", "-verbosity=0", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], f"-runs={runs}", *limits, inputs, *sys.argv[3:]], target)
        atheris.Fuzz()

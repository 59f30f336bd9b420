"""The plugins in docs/plugins.md work as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r'^```(?:python|toml) title="([^"]+)"\n(.*?)^```$', re.M | re.S)
GENERATOR_TEST = """\
from jmlr_cli.testing import LikelihoodSuite
from jmlr_quote.generator import QuoteGenerator

class TestQuote(LikelihoodSuite):
    plugin, short_context = QuoteGenerator, 40
"""


@pytest.fixture(scope="module")
def blocks() -> dict[str, str]:
    """The page's files by name."""
    return dict(BLOCK.findall((ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")))


@pytest.fixture
def site(blocks, tmp_path) -> Path:
    """A folder with the page's files, and what pip leaves of a distribution."""
    for name, text in blocks.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    project = tomllib.loads(blocks["pyproject.toml"])["project"]
    installed(tmp_path, project["name"], project["entry-points"]["jmlr"])
    return tmp_path


def installed(site: Path, name: str, entries: dict[str, str]) -> None:
    """Note a distribution as pip does."""
    information = site / f"{name.replace('-', '_')}-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    lines = "".join(f"{entry} = {module}\n" for entry, module in entries.items())
    (information / "entry_points.txt").write_text(f"[jmlr]\n{lines}")


def python(site: Path, *arguments: str) -> str:
    """What Python writes, with the page's files on its path."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT), str(ROOT / "plugins")]), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, *arguments], cwd=site, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["jmlr_overlap/retriever.py", "jmlr_quote/generator.py"])
def test_each_is_whole_in_forty_lines(blocks, name):
    lines = [line for line in blocks[name].splitlines() if line.strip()]
    assert len(lines) <= 40


def test_the_retriever_does_what_the_test_on_the_page_asks(site):
    assert " passed" in python(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_overlap.py")


def test_the_generator_does_what_is_asked_of_every_generator(site):
    (site / "tests" / "test_quote.py").write_text(GENERATOR_TEST)
    assert " passed" in python(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_quote.py")


def test_the_model_family_is_the_one_that_trains_in_the_tests(blocks):
    written = (ROOT / "tests" / "plugin_distribution" / "jmlr_ward" / "generator.py").read_text(encoding="utf-8")
    assert blocks["jmlr_ward/generator.py"] == written


def test_the_subcommand_runs(site):
    installed(site, "jmlr-rounds", {"rounds": "jmlr_rounds"})
    assert python(site, "-m", "jmlr_cli", "rounds", "--name", "Ann") == "Ann is on the round\n"
    assert "Say who is on the round." in python(site, "-m", "jmlr_cli", "--help")

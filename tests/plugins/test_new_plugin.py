"""`jmlr plugins new` writes packages that install with pip and whose own tests pass."""

from __future__ import annotations

import json

import pytest

from jmlr_cli.errors import InputError, UsageError
from jmlr_cli.scaffold import KINDS, Package, new_plugin

NAMES = {"retriever": "overlap", "generator": "quote", "objective": "choice", "task": "own-exam", "reader": "ward-note"}


@pytest.mark.slow
def test_every_kind_installs_and_passes_its_own_tests(layered, tmp_path):
    made = [layered.jmlr(tmp_path, "plugins", "new", kind, name, "--into", "mine") for kind, name in NAMES.items()]
    assert sorted((each["kind"], each["distribution"]) for each in made) == sorted((k, f"jmlr-{n}") for k, n in NAMES.items())
    folders = [tmp_path / each["folder"] for each in made]
    layered.install(*folders)
    offers = {(offer["kind"], offer["name"], offer["plugin"]) for offer in layered.jmlr(tmp_path, "plugins")["offers"]}
    assert {(kind, name, f"jmlr-{name}") for kind, name in NAMES.items()} <= offers
    done = layered.call(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(folder / "tests" for folder in folders))
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_example_s_name_is_left(kind, tmp_path):
    folder = new_plugin(kind, "ward-notes", tmp_path)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 5
    for path in files:
        assert "example" not in f"{path.relative_to(tmp_path)} {path.read_text()}".lower(), path


@pytest.mark.parametrize(
    ("kind", "name", "class_name"),
    [
        ("retriever", "overlap", "OverlapRetriever"),
        ("reader", "ward-notes", "WardNotesReader"),
        ("task", "my-task", "MyTask"),
        ("generator", "gpt2", "Gpt2Generator"),
    ],
)
def test_a_class_is_named_for_what_it_is(kind, name, class_name):
    assert Package(kind, name).class_name == class_name


@pytest.mark.parametrize(
    "name", ["", "Ward", "ward_notes", "-ward", "ward-", "ward--notes", "1ward", "../ward", "w" * 41, "wård", "w\n"]
)
def test_a_name_that_cannot_be_one_is_refused(name, tmp_path):
    with pytest.raises(InputError, match="cannot name a plugin") as caught:
        new_plugin("retriever", name, tmp_path)
    assert "ward-notes" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused_for_its_kind_alone(tmp_path):
    with pytest.raises(InputError, match="there is a retriever named 'bm25' already, of jmlr"):
        new_plugin("retriever", "bm25", tmp_path)
    assert new_plugin("reader", "bm25", tmp_path).is_dir()


def test_what_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "jmlr-ward").mkdir()
    (tmp_path / "jmlr-ward" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        new_plugin("task", "ward", tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["jmlr-ward", "mine.txt"]


def test_an_unknown_kind_is_told_with_those_that_there_are(tmp_path):
    with pytest.raises(UsageError, match="'retriver'") as caught:
        new_plugin("retriver", "ward", tmp_path)
    assert all(kind in caught.value.hint for kind in KINDS)


def test_people_are_told_the_files_and_what_is_next(jmlr, tmp_path):
    told = jmlr("plugins", "new", "reader", "ward", "--into", "some/where")
    assert told.code == 0, told.err
    assert "some/where/jmlr-ward/pyproject.toml" in told.out
    assert "pip install --editable" in told.out
    again = jmlr("plugins", "new", "reader", "ward", "--into", "some/where", "--json")
    assert (again.code, json.loads(again.out)["code"]) == (3, 3)

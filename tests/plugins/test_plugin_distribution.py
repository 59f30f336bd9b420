"""A third party's distribution, installed with pip, is used by every command."""

from __future__ import annotations

import shutil

import pytest

RECIPE = """\
extends: tiny
description: all of it from the ward's plugin
retriever: {plugin: ward-words, checkpoint: null, train: true}
generator: {plugin: ward-llama}
data: {index: guidelines, train: ward-round, answer_style: letter}
objective: {plugin: ward-margin, options: {margin: 0.5}}
training: {max_steps: 1}
evaluation: {tasks: [ward-round]}
"""


@pytest.fixture(scope="module")
def round_done(ward, tmp_path_factory):
    """Indexed, searched, trained, asked and measured with nothing but the ward's plugins; what each command told."""
    folder = tmp_path_factory.mktemp("round")
    (folder / "guidelines").mkdir()
    (folder / "guidelines" / "gout.note").write_text("Gout\nAllopurinol prevents attacks of gout.\n")
    (folder / "guidelines" / "scabies.note").write_text("Scabies\nPermethrin cream is put on the skin.\n")
    (folder / "guidelines" / "malaria.md").write_text("# Malaria\n\nArtemether treats uncomplicated malaria.\n")
    (folder / "guidelines" / "shock.md").write_text("# Anaphylaxis\n\nAdrenaline is given first.\n")
    (folder / "ward.yaml").write_text(RECIPE)
    told = {
        "validate": ward.jmlr(folder, "recipes", "validate", "ward.yaml"),
        "index": ward.jmlr(folder, "index", "guidelines", "--recipe", "ward.yaml"),
        "search": ward.jmlr(folder, "search", "Permethrin cream is put on the skin."),
        "train": ward.jmlr(folder, "train", "--recipe", "ward.yaml"),
        "ask": ward.jmlr(folder, "ask", "What prevents gout?", "--where", "document=gout.note"),
        "eval": ward.jmlr(folder, "eval", "ward-round", "--run", "latest"),
    }
    yield folder, told
    shutil.rmtree(folder)


def test_its_recipe_is_valid(round_done):
    assert round_done[1]["validate"]["valid"]


def test_its_reader_and_its_retriever_index_and_find(round_done):
    told = round_done[1]
    assert (told["index"]["retriever"], told["index"]["documents"], told["index"]["skipped"]) == ("ward-words", 4, [])
    assert told["search"]["hits"][0]["document"] == "scabies.note"


def test_its_retriever_generator_objective_and_task_train(round_done):
    folder, told = round_done
    assert told["train"]["steps"] == 1
    assert told["train"]["rank_loss"] >= 0
    assert (folder / ".jmlr" / "runs" / told["train"]["run"] / "retriever" / "words.safetensors").is_file()


def test_its_run_answers_and_is_measured(round_done):
    told = round_done[1]
    assert [hit["document"] for hit in told["ask"]["passages"]] == ["gout.note"]
    assert (told["eval"]["task"], told["eval"]["n"], told["eval"]["run"]) == ("ward-round", 2, told["train"]["run"])


def test_its_command_runs_in_the_open_workspace(ward, round_done):
    assert ward.jmlr(round_done[0], "ward", "titles", "guidelines")["titles"] == ["Anaphylaxis", "Gout", "Malaria", "Scabies"]


def test_its_command_fails_as_jmlr_s_own_do(ward, tmp_path):
    done = ward.call(tmp_path, "-m", "jmlr_cli", "ward", "close")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: the ward cannot be closed\nhint: Ask the matron.\n"


def modules(ward, folder, *arguments):
    """What a command shows, and the modules that it imports."""
    code = (
        f"import sys; sys.argv[1:] = {list(arguments)}\n"
        "from jmlr_cli.main import main\n"
        "try: main()\n"
        "finally: print('modules', *sys.modules)"
    )
    shown, _, imported = ward.call(folder, "-c", code).stdout.rpartition("modules ")
    return shown, set(imported.split())


def test_help_lists_its_commands_without_importing_them(ward, tmp_path):
    shown, imported = modules(ward, tmp_path, "--help")
    assert "Look around on the ward." in shown
    assert "A command whose module is not there." in shown
    assert "jmlr_ward" in imported
    assert not {"jmlr_ward.command", "torch", "numpy"} & imported
    assert "titles" in modules(ward, tmp_path, "ward", "--help")[0]


def test_a_command_of_jmlr_s_own_does_not_wait_for_plugins(ward, tmp_path):
    assert "jmlr_ward" not in modules(ward, tmp_path, "recipes", "--help")[1]


def test_a_command_that_cannot_be_imported_says_whose_it_is(ward, tmp_path):
    error = ward.jmlr(tmp_path, "ward-lost", code=4)
    assert "the command 'ward-lost' of jmlr-ward cannot be imported" in error["message"]


def test_a_broken_plugin_is_listed_and_hurts_nobody(ward, tmp_path):
    found = ward.jmlr(tmp_path, "plugins")
    states = {plugin["name"]: (plugin["status"], plugin["error"]) for plugin in found["plugins"]}
    assert states["wreck"] == ("broken", "RuntimeError: the ward is closed")
    assert states["ward"] == states["builtin"] == ("ok", "")
    own = {(offer["kind"], offer["name"]) for offer in found["offers"] if offer["plugin"] == "jmlr-ward"}
    assert {kind for kind, _ in own} == {"retriever", "generator", "objective", "task", "reader", "command"}
    unknown = ward.jmlr(tmp_path, "wrad", code=2)
    assert "wreck" in unknown["hint"]


def test_it_does_what_jmlr_asks_of_its_kinds(ward, tmp_path):
    shutil.copytree("tests/plugin_distribution/tests", tmp_path / "tests")
    done = ward.call(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert done.returncode == 0, done.stdout

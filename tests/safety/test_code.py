"""Nothing that is read is ever run: no pickle, no code of a model's, no object of YAML's."""

from __future__ import annotations

import ast
import json
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from jmlr_cli.errors import InputError
from jmlr_cli.files import seal_folder
from jmlr_cli.recipe.load import read_yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "jmlr_cli").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])
UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "pandas"}
RUNNERS = {"eval", "exec", "compile", "__import__"}


def calls(tree: ast.AST) -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """The dotted name of each call, and its keyword arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {each.arg: each.value for each in node.keywords if each.arg}


def says(value: ast.expr | None, wanted: object) -> bool:
    return isinstance(value, ast.Constant) and value.value is wanted


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_source_unpickles_runs_text_or_trusts_a_models_code(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not {alias.name.partition(".")[0] for alias in node.names} & UNPICKLERS
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in UNPICKLERS:
            assert [alias.name for alias in node.names] == ["UnpicklingError"]  # to tell that a file is refused
    for name, keywords in calls(tree):
        assert name not in RUNNERS
        assert not name.endswith(("extractall", "os.system")), name
        assert name != "yaml.load", name
        assert name != "torch.load" or says(keywords.get("weights_only"), True)
        assert not says(keywords.get("allow_pickle"), True)
        assert not says(keywords.get("trust_remote_code"), True)
        if name.startswith("Auto") and name.endswith(".from_pretrained"):  # left out, transformers asks at a prompt
            assert "trust_remote_code" in keywords, name
        assert not says(keywords.get("shell"), True)


class Payload:
    """Makes a file named ``ran`` when it is unpickled."""

    def __init__(self, ran: Path) -> None:
        self._ran = ran

    def __reduce__(self) -> tuple:
        return Path.touch, (self._ran,)


@pytest.fixture
def ran(tmp_path) -> Path:
    return tmp_path / "ran"


def test_the_payload_works(ran):
    pickle.loads(pickle.dumps(Payload(ran)))
    assert ran.exists()


def poisoned(model: Path, into: Path, ran: Path) -> Path:
    """A copy of a model whose weights are a pickle that runs code."""
    shutil.copytree(model, into)
    (into / "model.safetensors").unlink()
    torch.save({"weights": Payload(ran)}, into / "pytorch_model.bin")
    return into


@pytest.mark.parametrize("retriever", ["dense", "colbert"])
def test_a_retriever_s_pickled_code_is_not_run(forks, encoder, ran, pages, tmp_path, retriever):
    pages(tmp_path / "guidelines")
    model = poisoned(encoder, tmp_path / "model", ran)
    refused = forks(tmp_path, "index", "guidelines", "--retriever", retriever, "--set", f"retriever.checkpoint={model}", "--json")
    assert refused.code == 3, refused.err
    assert str(model) in json.loads(refused.out)["message"]
    assert not ran.exists()


def test_a_language_model_s_pickled_code_is_not_run(forks, decoder, ran, questions, tmp_path):
    questions(tmp_path / "questions.jsonl")
    model = poisoned(decoder, tmp_path / "model", ran)
    ask = ("eval", "questions.jsonl", "--recipe", "tiny", "--mode", "closed", "--set", f"generator.model={model}", "--json")
    refused = forks(tmp_path, *ask)
    assert refused.code == 3, refused.err
    assert not ran.exists()


def test_a_checkpoint_s_pickled_code_is_not_run(forks, ran, pages, questions, tmp_path):
    """Its seal is right, too: whoever can write a checkpoint can write a seal."""
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    assert forks(tmp_path, "index", "guidelines", "--recipe", "tiny").code == 0
    train = ("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", "training.save_every=2")
    killed = forks(tmp_path, *train, before=KILL_AT_THE_FIRST_CHECKPOINT)
    assert killed.killed, killed.err
    (checkpoint,) = tmp_path.glob(".jmlr/runs/*/checkpoints/checkpoint-2")
    for file in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
        torch.save({"state": Payload(ran)}, checkpoint / file)
    seal_folder(checkpoint, generation=None)
    resumed = forks(tmp_path, "train", "--resume", "--json")
    assert resumed.code in (3, 5), resumed.err
    assert not ran.exists()


KILL_AT_THE_FIRST_CHECKPOINT = """
import os, signal
from jmlr_cli.training import trainer
seal = trainer.seal
trainer.seal = lambda *given: (seal(*given), os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.mark.parametrize(
    ("section", "auto", "command"),
    [
        ("retriever.checkpoint", "AutoModel", ("index", "guidelines", "--retriever", "dense")),
        ("generator.model", "AutoModelForCausalLM", ("eval", "questions.jsonl", "--recipe", "tiny", "--mode", "closed")),
    ],
    ids=["retriever", "generator"],
)
def test_a_model_s_own_code_is_not_run(forks, encoder, decoder, ran, pages, questions, tmp_path, section, auto, command):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    model = tmp_path / "model"
    shutil.copytree(encoder if section.startswith("retriever") else decoder, model)
    settings = json.loads((model / "config.json").read_text())
    code = {"AutoConfig": "own.Own", auto: "own.Own", "AutoTokenizer": ["own.Own", "own.Own"]}
    (model / "config.json").write_text(json.dumps({**settings, "model_type": "own", "auto_map": code}))
    (model / "own.py").write_text(f"from pathlib import Path\nPath({str(ran)!r}).touch()\nclass Own: pass\n")
    refused = forks(tmp_path, *command, "--set", f"{section}={model}", "--json")
    assert refused.code == (4 if section == "generator.model" else 3), refused.err  # there the recipe lacks its consent
    assert not ran.exists()


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
MERGED = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch ran']", "!!python/name:os.system", "a: !!python/object/new:os.system [x]", BOMB,
        MERGED, "[" * 100_000, "{a: " * 5000, "a: &a [*a]", "a: 2024-02-31", "a: !!int x", "a: !!int ''", "a: !!timestamp x",
        f"a: {'9' * 5000}", "x" * 10_000_000, "a: !!float ''", "? [1, 2]\n: 3", "\t- a", "a: \x00", "!!binary 'ä'",
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_yaml_makes_no_objects_and_stays_within_its_limits(tmp_path, text):
    (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(InputError, match=r"recipe\.yaml is not YAML"):
        read_yaml(tmp_path / "recipe.yaml")
    assert not (tmp_path / "ran").exists()


def test_a_bomb_in_front_matter_is_text(forks, tmp_path):
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "gout.md").write_text(f"---\n{BOMB}---\n# Gout\n\nColchicine treats gout.\n")
    assert forks(tmp_path, "index", "g", "--retriever", "bm25").code == 0
    found = json.loads(forks(tmp_path, "search", "Colchicine", "--json").out)["hits"]
    assert found[0]["title"] == "Gout"


def test_aliases_within_the_limits_work(tmp_path):
    (tmp_path / "recipe.yaml").write_text("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]\n")
    assert read_yaml(tmp_path / "recipe.yaml") == {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": [{"x": 1}, {"x": 1}]}

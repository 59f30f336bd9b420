"""The Python code in a model's folder runs only where the recipe trusts it, and nobody is asked at a prompt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

CODE = """
from pathlib import Path
from transformers import LlamaConfig, LlamaForCausalLM

Path({ran!r}).touch()


class OwnConfig(LlamaConfig):
    model_type = "own"


class OwnModel(LlamaForCausalLM):
    config_class = OwnConfig
"""


@pytest.fixture
def ran(tmp_path) -> Path:
    return tmp_path / "ran"


def with_code(model: Path, into: Path, ran: Path) -> Path:
    """A copy of a Llama of an architecture that only the code beside it knows, and that makes the file ``ran``."""
    shutil.copytree(model, into)
    (into / "own.py").write_text(CODE.format(ran=str(ran)))
    settings = json.loads((into / "config.json").read_text())
    settings |= {"model_type": "own", "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"}}
    (into / "config.json").write_text(json.dumps(settings))
    return into


@pytest.fixture
def ask(jmlr, questions, decoder, ran, tmp_path):
    questions(tmp_path / "questions.jsonl")
    model = with_code(decoder, tmp_path / "model", ran)
    command = ("eval", "questions.jsonl", "--recipe", "tiny", "--mode", "closed", "--set", f"generator.model={model}", "--json")
    return lambda *settings: jmlr(*command, *settings, HF_HOME=str(tmp_path / "hub"))


def test_a_language_model_s_code_is_refused_with_the_switch_named(ask, ran):
    refused = ask()
    assert refused.code == 4
    assert "comes with Python code of its own" in refused.json["message"]
    assert "generator.trust_remote_code" in refused.json["hint"]
    assert not ran.exists()


def test_a_language_model_s_code_runs_where_it_is_trusted(ask, ran):
    done = ask("--set", "generator.trust_remote_code=true")
    assert done.code == 0, done.err
    assert done.json["n"] > 0
    assert ran.exists()

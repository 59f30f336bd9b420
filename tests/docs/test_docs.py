"""What the documentation says is so: its commands run, its links lead somewhere, its reference is the code's.

Every block of ``bash``, ``sh`` or ``console`` in README.md and docs/*.md is run, a document's blocks in their order and
in one folder, with these conventions:

- The folder holds ``guidelines/``, ``questions.jsonl``, ``records.json`` (in the form of the paper's code), ``JMLR/``
  (a language model with its retriever in ``ir/``), ``jmlr_cli/`` and ``.venv/``.
- A block with ``title="NAME"`` after its language is written to that file of the folder first.
- The models of the recipe ``small`` are there already, and are tiny: what is tested is the command, not the answer.
- A line that begins with ``make`` is not run; its targets must be the Makefile's.
- In a ``console`` block, lines that begin with "$ " are commands, and the others their output.
- A block right below ``<!-- not run: REASON -->`` is not run.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from jmlr_cli import hookspecs, testing
from jmlr_cli.contracts import generator, objective, reader, retriever, task
from jmlr_cli.main import app
from jmlr_cli.plugins import registry
from jmlr_cli.questions.formats import read_questions
from jmlr_cli.recipe.schema import Recipe

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md")])
SHELL = ("bash", "sh", "console")
BLOCK = re.compile(
    r"(?:<!-- not run: *(?P<reason>[^\n]*?) *-->\n)?^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S
)
RECORDS = [
    {
        "input": "What treats gout?\nA. Colchicine\nB. Permethrin",
        "output": "A. Colchicine",
        "doc": "Colchicine treats an attack of gout.",
    },
    {"input": "What treats scabies?", "output": "Permethrin.", "doc": ["Permethrin cream treats scabies."]},
]


@dataclass(frozen=True)
class Block:
    """A fenced block. ``reason`` says why it is not run, and is None where it is run."""

    language: str
    title: str
    text: str
    reason: str | None

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block that are commands."""
        lines = self.text.splitlines()
        return [line[2:] for line in lines if line.startswith("$ ")] if self.language == "console" else lines

    @property
    def script(self) -> str:
        """The commands without those of make."""
        return "\n".join(line for line in self.commands if not line.startswith("make "))

    @property
    def targets(self) -> list[str]:
        """What the block makes."""
        return [word for line in self.commands if line.startswith("make ") for word in line.split()[1:] if "=" not in word]


def blocks_of(document: Path) -> list[Block]:
    """The fenced blocks of a document."""
    found = BLOCK.finditer(document.read_text(encoding="utf-8"))
    return [Block(each["language"], _title(each["info"]), each["text"], each["reason"]) for each in found]


def _title(info: str) -> str:
    found = re.search(r'title="([^"]+)"', info)
    return found.group(1) if found else ""


def shell_blocks(document: Path) -> list[Block]:
    """The blocks of commands in a document."""
    return [block for block in blocks_of(document) if block.language in SHELL]


WITH_COMMANDS = [path for path in DOCUMENTS if any(block.reason is None for block in shell_blocks(path))]
by_name = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


# -- commands


@pytest.fixture(scope="module")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny encoder and a tiny decoder, built once."""
    from jmlr_cli.models.tiny import build_tiny_decoder, build_tiny_encoder

    folder, texts = tmp_path_factory.mktemp("models"), [path.read_text() for path in (ROOT / "docs").glob("*.md")]
    return {"encoder": build_tiny_encoder(folder / "encoder", texts), "decoder": build_tiny_decoder(folder / "decoder", texts)}


@pytest.fixture
def place(tmp_path: Path, tiny_models: dict[str, Path], pages: Any, questions: Any) -> Path:
    """The folder that the documents' commands run in."""
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    (tmp_path / "records.json").write_text(json.dumps(RECORDS))
    (tmp_path / "jmlr_cli").symlink_to(ROOT / "jmlr_cli")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for name, kind in {"smollm2-135m": "decoder", "all-minilm-l6-v2": "encoder"}.items():
        shutil.copytree(tiny_models[kind], tmp_path / ".jmlr" / "models" / name)
        (tmp_path / ".jmlr" / "models" / name / "origin.json").write_text("{}")
    shutil.copytree(tiny_models["decoder"], tmp_path / "JMLR")
    shutil.copytree(tiny_models["encoder"], tmp_path / "JMLR" / "ir")
    return tmp_path


def shell(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in ``folder`` with ``jmlr`` on the path, no network and no workspace but the folder's."""
    clean = {key: value for key, value in os.environ.items() if key not in ("JMLR_HOME", "FORCE_COLOR", "CLICOLOR_FORCE")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**clean, "PATH": path, "HF_HUB_OFFLINE": "1", "COLUMNS": "120", **environment}
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=lambda path: path.name)
def test_the_commands_of_a_document_run(document, place):
    for block in blocks_of(document):
        if block.title:
            (place / block.title).parent.mkdir(parents=True, exist_ok=True)
            (place / block.title).write_text(block.text, encoding="utf-8")
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M)
    for block in shell_blocks(document):
        assert set(block.targets) <= set(targets), block.text
        if block.reason is None and block.script:
            done = shell(place, block.script)
            assert done.returncode == 0, f"{block.script}\n{done.stdout}{done.stderr}"


def test_few_blocks_are_not_run_and_each_says_why():
    blocks = [block for document in DOCUMENTS for block in shell_blocks(document)]
    left_out = [block for block in blocks if block.reason is not None]
    assert all(block.reason for block in left_out)
    assert len(left_out) <= len(blocks) / 3, [block.text for block in left_out]


@by_name
def test_the_commands_named_in_prose_exist_with_their_options(document):
    for span in re.findall(r"`(jmlr [^`]+)`", BLOCK.sub("", document.read_text(encoding="utf-8"))):
        words = shlex.split(span)
        command, rest = command_of(words[1:])
        known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--debug", "--version"}
        assert {word.split("=")[0] for word in rest if word.startswith("-")} <= known, span
        assert not (hasattr(command, "commands") and rest and rest[0].isalpha()), span


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the first words name, and the words left."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def test_the_readme_s_questions_are_in_the_project_s_format(tmp_path):
    (block,) = [block for block in blocks_of(ROOT / "README.md") if block.title == "questions.jsonl"]
    (tmp_path / "questions.jsonl").write_text(block.text)
    options, free = read_questions(tmp_path / "questions.jsonl").questions
    assert options.right_option.text == "Adrenaline"
    assert free.answer == "Allopurinol."


# -- links and the reference


@by_name
def test_relative_links_lead_to_files_and_headings(document):
    text = BLOCK.sub("", document.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(found), target


def anchors(document: Path) -> set[str]:
    """The anchors that a document's headings get."""
    headings = re.findall(r"^#+ +(.+)$", BLOCK.sub("", document.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The generator of the reference, as a module."""
    spec = importlib.util.spec_from_file_location("jmlr_docs_reference", DOCS / "reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_parts_are_current(reference, capsys):
    assert reference.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_part_is_found_and_mended(reference, tmp_path, monkeypatch):
    copies = {tmp_path / path.name: parts for path, parts in reference.PARTS.items()}
    for path in copies:
        text = (DOCS / path.name).read_text(encoding="utf-8")
        path.write_text(text.replace("--json", "--yaml"), encoding="utf-8")
    monkeypatch.setattr(reference, "PARTS", copies)
    assert reference.main(["--check"]) == 1
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0


def test_every_recipe_key_is_documented():
    text = (DOCS / "recipes.md").read_text(encoding="utf-8")
    missing = [key for key in keys(Recipe) if f"| `{key}` |" not in text and f"### `{key}`" not in text]
    assert not missing


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The dotted keys of a recipe section and of those in it."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, f"{prefix}{name}.")


def test_every_built_in_plugin_is_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [offer.name for offer in registry().offers if offer.plugin == "jmlr"]
    assert names
    assert not [name for name in names if f"`{name}`" not in text]


def test_every_json_schema_that_a_command_writes_is_documented():
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "jmlr_cli").rglob("*.py")]
    schemas = {schema for source in sources for schema in re.findall(r'"(jmlr\.\w+/\d+)"', source)} - {"jmlr.manifest/1"}
    assert len(schemas) > 10
    assert not [schema for schema in sorted(schemas) if f"`{schema}`" not in text]


# -- plugins


def test_every_hook_and_every_abstract_member_is_documented():
    text = (DOCS / "plugins.md").read_text(encoding="utf-8")
    hooks = [name for name in vars(hookspecs) if name.startswith("jmlr_")]
    classes = (
        retriever.Retriever, retriever.TrainableRetriever, generator.Generator, generator.TrainableGenerator,
        objective.Objective, task.Task, reader.Reader,
    )  # fmt: skip
    members = {member for each in classes for member in each.__abstractmethods__}
    assert len(hooks) == 6
    assert not [name for name in (*hooks, *sorted(members)) if f"`{name}`" not in text]


def test_every_suite_for_plugin_authors_is_documented():
    text = (DOCS / "plugins.md").read_text(encoding="utf-8")
    assert not [name for name in testing.__all__ if f"| `{name}` |" not in text]


def test_the_plugin_of_the_documentation_has_docstrings_that_say_what():
    for block in blocks_of(DOCS / "plugins.md"):
        if block.language == "python":
            assert ast.get_docstring(ast.parse(block.text)), block.title


def test_every_test_that_the_method_names_is_there():
    named = re.findall(r"`(test_\w+)(?:\.py)?`", (DOCS / "method.md").read_text(encoding="utf-8"))
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    files = {path.stem for path in (ROOT / "tests").rglob("*.py")}
    assert len(named) > 8
    assert not [name for name in named if f"def {name}(" not in sources and name not in files]


def test_every_claim_of_the_security_page_has_its_test():
    named = re.findall(r"`(test_\w+)`", (DOCS / "security.md").read_text(encoding="utf-8"))
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    assert len(named) > 20
    assert not [name for name in named if f"def {name}(" not in sources]

"""The house itself: a fast start, clean style, one-way imports, a wheel that works on its own."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def loaded_by(code: str) -> tuple[str, set[str]]:
    """What Python that runs ``code`` writes, and the modules that it has then imported."""
    code += "\nprint([*sys.modules])"
    out = subprocess.run([sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, check=True).stdout
    return out, set(ast.literal_eval(out.splitlines()[-1]))


def test_help_starts_without_the_heavy_libraries():
    out, loaded = loaded_by("sys.argv[1:] = ['--help']\nfrom jmlr_cli.main import main\ntry: main()\nexcept SystemExit: pass")
    assert "Usage" in out
    assert not {"torch", "transformers", "faiss", "peft", "numpy"} & loaded


def test_peft_is_imported_only_for_adapters():
    """It takes seconds, with bitsandbytes some more, and a search or an answer of an untrained model needs neither."""
    _, loaded = loaded_by(
        "import jmlr_plugins.generators.causal_lm\n"
        "import jmlr_plugins.retrievers.colbert.retriever, jmlr_plugins.retrievers.dense.retriever"
    )
    assert "torch" in loaded
    assert not {"peft", "bitsandbytes"} & loaded


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_the_code_is_clean(command):
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed")
    done = subprocess.run([ruff, *command, "."], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def imported_modules(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


def test_the_core_imports_no_plugin():
    for path in (ROOT / "jmlr_cli").rglob("*.py"):
        assert not any(name.split(".")[0] == "jmlr_plugins" for name in imported_modules(path)), path


def test_no_room_imports_the_commands_and_contracts_import_no_room():
    for path in (ROOT / "jmlr_cli").rglob("*.py"):
        room = path.relative_to(ROOT / "jmlr_cli").parts[0]
        names = {name for name in imported_modules(path) if name.startswith("jmlr_cli.")}
        if room not in ("commands", "main.py"):
            assert not any(name.startswith("jmlr_cli.commands") for name in names), path
        if room == "contracts":
            assert all(name.startswith(("jmlr_cli.contracts", "jmlr_cli.errors")) for name in names), path


def test_a_room_imports_only_rooms_that_the_architecture_lists_before_it():
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("| room |")[2].partition("\n\n")[0]
    order = [name.rstrip("/").removesuffix(".py") for name in re.findall(r"\[([^\]]+)\]\(\.\./jmlr_cli/", table)]
    assert {"contracts", "training", "commands"} <= set(order)
    for path in (ROOT / "jmlr_cli").rglob("*.py"):
        room = path.relative_to(ROOT / "jmlr_cli").parts[0].removesuffix(".py")
        others = {name.split(".")[1] for name in imported_modules(path) if name.startswith("jmlr_cli.")}
        if room in order and room != "templates":  # what is in a template is another package's code
            later = {other for other in others & set(order) if order.index(other) > order.index(room)}
            assert not later, (path, later)


@pytest.mark.slow
def test_the_wheel_works_alone_in_an_empty_environment(tmp_path):
    """Built, installed outside the checkout, and run: recipes, sample and plugins come from the wheel."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("JMLR", "PYTHON"))}
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT], check=True, env=clean)
    (wheel,) = tmp_path.glob("*.whl")
    # a fresh environment that borrows the libraries installed here, and nothing of this checkout
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    (site,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True, env=clean)
    libraries = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    python = tmp_path / "env" / "bin" / "python"
    environment = {**clean, "PYTHONPATH": f"{site}:{libraries}", "HF_HUB_OFFLINE": "1", "JMLR_HOME": str(tmp_path / "home")}
    code = "import jmlr_cli, jmlr_plugins; print(jmlr_cli.__file__, jmlr_plugins.__file__)"
    where = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert str(ROOT) not in where
    run = [python, "-c", "from jmlr_cli.main import main; main()", "demo", "--tiny", "--limit", "4", "--json"]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"schema": "jmlr.demo/1"' in done.stdout

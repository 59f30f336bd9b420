"""Every damaged byte of an index, a run or a model is found and named, and never answered from."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from jmlr_cli.commands.integrity import whole
from jmlr_cli.errors import DamagedError
from tests.thorough import THOROUGH

TRIES = 2000 if THOROUGH else 500
SEED = 7
WHOLE_FILES = ("seal.json", "manifest.json", "run.json", "recipe.yaml")


def damaged(content: bytes, chance: random.Random) -> bytes:
    """``content`` with one byte changed, or cut short."""
    place = chance.randrange(len(content))
    if chance.random() < 0.3:
        return content[:place]
    return content[:place] + bytes([content[place] ^ chance.randrange(1, 256)]) + content[place + 1 :]


def files_below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]


@pytest.fixture
def things(home, clinic) -> list[tuple[Path, dict[str, str], list[list[str]]]]:
    """Folders, what doctor calls each, and the commands that answer from it."""
    run = clinic.trained["run"]
    indexes = [
        (
            home / "indexes" / name,
            {"index": name},
            [
                ["search", "gout", "--index", name],
                ["ask", "What treats gout?", "--recipe", "tiny", "--index", name],
                ["eval", "questions.jsonl", "--recipe", "tiny", "--index", name, "--mode", "rag", "--again"],
            ],
        )
        for name in ("bm25", "dense", "guidelines")
    ]
    asked = [["ask", "What treats gout?", "--run", run], ["eval", "questions.jsonl", "--run", run, "--again"], ["search", "gout"]]
    models = [(home / "models" / name, {"model": name}, using) for name, using in (
        ("tiny-bert", [["search", "gout", "--index", "dense"], ["search", "gout", "--index", "guidelines"]]),
        ("tiny-llama", [["ask", "Gout?", "--recipe", "tiny", "--index", "bm25"], ["eval", "questions.jsonl", "--recipe", "tiny",
                        "--mode", "closed", "--again"]]),
    )]  # fmt: skip
    return [*indexes, (home / "runs" / run, {"run": run}, asked[:2]), *models]


def test_whatever_byte_is_damaged_it_is_found_named_and_not_answered_from(things, call):
    chance = random.Random(SEED)
    told = {"index": None, "run": None, "model": None}
    for _, names, commands in things:
        assert whole(**{**told, **names})
        for command in commands:
            call(*command, "--json")
    for _ in range(TRIES):
        folder, names, commands = chance.choice(things)
        file = chance.choice(files_below(folder))
        content = file.read_bytes()
        file.write_bytes(damaged(content, chance))
        place = file.relative_to(folder).as_posix()
        with pytest.raises(DamagedError) as found:
            whole(**{**told, **names})
        assert file.name in str(found.value), place
        if "run" not in names or not place.startswith(("checkpoints/", "metrics.jsonl", "curves.png")):
            with pytest.raises(DamagedError) as found:
                call(*chance.choice(commands), "--json")
            assert file.name in str(found.value), place
        file.write_bytes(content)
    assert all(whole(**{**told, **names}) for _, names, _ in things)


def test_a_file_that_is_gone_is_named(things):
    told = {"index": None, "run": None, "model": None}
    for folder, names, _ in things:
        for file in files_below(folder):
            content = file.read_bytes()
            file.unlink()
            if file.name not in WHOLE_FILES:
                with pytest.raises(DamagedError, match=file.name):
                    whole(**{**told, **names})
            file.write_bytes(content)


def test_several_damaged_files_are_all_named_with_exit_code_5(home, clinic):
    names = []
    for file in files_below(home / "indexes" / "dense" / "generations")[:3]:
        file.write_bytes(b"x" + file.read_bytes())
        names.append(file.name)
    result = clinic.jmlr("doctor", "--index", "dense", "--json", JMLR_HOME=str(home))
    assert result.code == 5
    assert all(name in result.json["message"] for name in names)


def test_a_whole_index_run_and_model_are_told_so(home, clinic):
    names = ("--index", "bm25", "--run", clinic.trained["run"], "--model", "tiny-bert")
    report = clinic.jmlr("doctor", *names, "--json", JMLR_HOME=str(home))
    assert report.code == 0, report.err
    assert all("all files match" in report.json[key] for key in ("index", "run", "model"))


ELSEWHERE = [("--index", "none"), ("--run", "none"), ("--model", "none"), ("--model", "../models/tiny-bert"), ("--run", "../x")]


@pytest.mark.parametrize("arguments", ELSEWHERE)
def test_what_is_not_here_is_an_error_of_its_own(home, clinic, arguments):
    assert clinic.jmlr("doctor", *arguments, "--json", JMLR_HOME=str(home)).code == 3


def test_a_database_that_is_damaged_behind_its_checksum_is_found(home):
    """As when a faulty memory wrote it: the checksum is that of the damaged file."""
    from jmlr_cli.files import folder_checksums
    from jmlr_cli.index.manifest import generation_folder, read_manifest, write_manifest

    folder = home / "indexes" / "bm25"
    manifest = read_manifest(folder)
    file = generation_folder(folder, manifest) / "passages.sqlite"
    file.write_bytes(file.read_bytes().replace(b"passages_id", b"passages_ix", 1))
    write_manifest(folder, manifest.model_copy(update={"checksums": folder_checksums(file.parent)}))
    with pytest.raises(DamagedError, match=r"passages\.sqlite is"):
        whole("bm25", None, None)

"""A checkpoint is whole or absent, and damage is seen before anything is loaded from it."""

from __future__ import annotations

import errno
import os

import pytest

from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.runs.checkpoints import drop_old, generation_of, newest_whole, seal, sealed, verify, written_whole


def checkpoint(folder, step, *, whole=True, generation=None):
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "trainable.safetensors").write_bytes(b"weights" * step)
    (path / "optimizer.pt").write_bytes(b"moments" * step)
    if whole:
        seal(path, generation)
    return path


def test_the_newest_whole_checkpoint_is_the_one_to_go_on_from(tmp_path):
    checkpoint(tmp_path, 9)
    newest = checkpoint(tmp_path, 10, generation="step-000008")
    checkpoint(tmp_path, 11, whole=False)
    assert newest_whole(tmp_path) == (newest, [])
    assert generation_of(newest) == "step-000008"
    assert newest_whole(tmp_path / "nothing") == (None, [])


@pytest.mark.parametrize("harm", ["flip", "truncate", "remove", "seal"])
def test_a_damaged_checkpoint_is_named_and_passed_over(tmp_path, harm):
    older, newer = checkpoint(tmp_path, 2), checkpoint(tmp_path, 4)
    file = newer / ("seal.json" if harm == "seal" else "optimizer.pt")
    content = bytearray(file.read_bytes())
    if harm == "remove":
        file.unlink()
    else:
        content[5] ^= 1
        file.write_bytes(content[: len(content) // 2] if harm == "truncate" else content)
    if harm == "seal":
        file.write_bytes(b"{")
    with pytest.raises(DamagedError, match=file.name):
        verify(newer)
    found, problems = newest_whole(tmp_path)
    assert found == older
    assert len(problems) == 1
    assert "checkpoint-4" in problems[0]


def test_old_checkpoints_and_unfinished_ones_go_and_the_newest_stay(tmp_path):
    for step in (2, 4, 10):
        checkpoint(tmp_path, step)
    checkpoint(tmp_path, 6, whole=False)
    assert [path.name for path in drop_old(tmp_path, 2)] == ["checkpoint-4", "checkpoint-10"]
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-4", "checkpoint-10"}
    assert len(sealed(tmp_path)) == 2


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        RuntimeError("PytorchStreamWriter failed writing file data/1: file write"),
    ],
)
def test_a_full_disk_is_one_sentence_and_leaves_no_half_checkpoint(tmp_path, error):
    older, half = checkpoint(tmp_path, 2), tmp_path / "checkpoint-4"

    def fill_the_disk():
        with written_whole(half):
            half.mkdir()
            (half / "trainable.safetensors").write_bytes(b"hal")
            raise error

    with pytest.raises(InputError, match="no space is left") as told:
        fill_the_disk()
    assert "--resume" in told.value.hint
    assert not half.exists()
    assert newest_whole(tmp_path)[0] == older


def test_another_error_stays_what_it_is(tmp_path):
    with pytest.raises(RuntimeError, match="shape"), written_whole(tmp_path / "checkpoint-4"):
        raise RuntimeError("shape mismatch")

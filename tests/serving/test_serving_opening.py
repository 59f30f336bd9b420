"""Which systems are served."""

from __future__ import annotations

import pytest

from jmlr_cli.errors import InputError
from jmlr_cli.serving.opening import opened, other


def test_a_run_is_served_by_its_name_with_its_own_index_and_a_recipe_with_the_one_named(clinic, monkeypatch):
    monkeypatch.setenv("JMLR_HOME", str(clinic.folder / ".jmlr"))
    first, second = opened(None, "tiny", "guidelines", (), ()), other("latest", "guidelines", (), ())
    assert (first.name, second.name) == ("tiny", clinic.trained["run"])
    assert first.system.index.folder.name == "guidelines"
    assert second.system.index.folder == second.system.run.index
    assert other("tiny", "guidelines", (), ()).system.index.folder.name == "guidelines"


def test_a_run_without_an_index_of_its_own_reads_the_one_named(clinic, monkeypatch):
    monkeypatch.setenv("JMLR_HOME", str(clinic.folder / ".jmlr"))
    monkeypatch.setattr("jmlr_cli.serving.opening.has_manifest", lambda folder: False)
    with pytest.raises(InputError, match="no index 'named'"):
        other("latest", "named", (), ())

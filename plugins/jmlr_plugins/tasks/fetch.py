"""Question files on the Hugging Face hub, fetched into its cache."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError, RepositoryNotFoundError

from jmlr_cli.contracts.values import Question
from jmlr_cli.errors import MissingError
from jmlr_cli.questions.formats import parse_questions

HINT = "Pass a file or folder instead: `jmlr eval path/to/file`."


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a hub data set. ``member`` is the file in it when it is a zip archive; ``subset`` becomes
    that of its questions and goes before their ids."""

    repository: str
    path: str
    member: str = ""
    subset: str = ""

    def questions(self) -> list[Question]:
        """Its questions. Raises :class:`MissingError` when it is neither in the cache nor to be had from the hub."""
        questions = parse_questions(self._content(self._fetched()), f"{self.repository}/{self.member or self.path}")
        if not self.subset:
            return questions
        return [replace(question, id=f"{self.subset}-{question.id}", subset=self.subset) for question in questions]

    def _fetched(self) -> Path:
        try:
            return Path(hf_hub_download(self.repository, self.path, repo_type="dataset", local_files_only=True))
        except LocalEntryNotFoundError:
            pass
        try:
            HfApi().dataset_info(self.repository)  # fails at once where the hub is out of reach; a download would retry
            return Path(hf_hub_download(self.repository, self.path, repo_type="dataset"))
        except (RepositoryNotFoundError, RemoteEntryNotFoundError) as error:
            raise MissingError(f"{self} is not on the hub", HINT) from error
        except Exception as error:  # the hub's transports and its offline mode each raise their own
            raise MissingError(f"{self} is not in the hub's cache, and the hub is out of reach", HINT) from error

    def _content(self, fetched: Path) -> bytes:
        if not self.member:
            return fetched.read_bytes()
        try:
            with zipfile.ZipFile(fetched) as archive:
                return archive.read(self.member)
        except (zipfile.BadZipFile, KeyError) as error:
            raise MissingError(f"{self} does not hold {self.member}", HINT) from error

    def __str__(self) -> str:
        return f"{self.path} of the data set {self.repository}"

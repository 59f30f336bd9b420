"""What every document reader must do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from jmlr_cli.contracts.reader import Reader, UnreadableFile
from jmlr_cli.contracts.values import Document

Create = Callable[[], Reader]


class ReaderSuite:
    """Inherit it, and say which ``plugin`` is meant, and the ``content`` of one good file with some ``words`` in it."""

    plugin: ClassVar[type[Reader]]
    content: ClassVar[bytes]
    words: ClassVar[tuple[str, ...]]
    whole: ClassVar[bool] = True
    """Whether a file is one document; otherwise it holds records with ids of their own."""

    @pytest.fixture
    def create(self) -> Create:
        """A new reader."""
        return self.plugin

    @pytest.fixture
    def read(self, create: Create, tmp_path: Path) -> Callable[[bytes], list[Document]]:
        """The documents of a file with this content, called ``ward/page.SUFFIX`` in its corpus."""

        def reading(content: bytes) -> list[Document]:
            reader = create()
            path = tmp_path / f"page{reader.suffixes[0]}"
            path.write_bytes(content)
            return list(reader.read(path, f"ward/{path.name}"))

        return reading

    def test_its_suffixes_are_lower_case_with_their_dot(self, create: Create) -> None:
        suffixes = create().suffixes
        assert suffixes
        assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in suffixes)

    def test_a_good_file_gives_documents_with_its_words(self, read: Callable[[bytes], list[Document]]) -> None:
        documents = read(self.content)
        text = "\n".join([line for each in documents for s in each.sections for line in (each.title, s.heading, s.text)])
        assert [word for word in self.words if word not in text] == []

    def test_documents_have_ids_of_their_own(self, read: Callable[[bytes], list[Document]], create: Create) -> None:
        found = [document.id for document in read(self.content)]
        assert all(found)
        assert len(found) == len(set(found))
        if self.whole:
            assert found == [f"ward/page{create().suffixes[0]}"]

    def test_metadata_are_texts(self, read: Callable[[bytes], list[Document]]) -> None:
        pairs = [pair for document in read(self.content) for pair in document.metadata.items()]
        assert all(isinstance(text, str) for pair in pairs for text in pair)

    def test_reading_twice_gives_the_same(self, read: Callable[[bytes], list[Document]]) -> None:
        assert read(self.content) == read(self.content)

    @pytest.mark.parametrize("content", [b"\x00\xff\xfe\x80" * 50, b"", b"{", b"<", b"\xff", b" \n\n "], ids=repr)
    def test_whatever_the_file_holds_it_is_read_or_said_to_be_unreadable(
        self, content: bytes, read: Callable[[bytes], list[Document]]
    ) -> None:
        assert _told(read, content) != ""

    @pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
    def test_a_file_that_was_cut_off_is_read_or_said_to_be_unreadable(
        self, share: float, read: Callable[[bytes], list[Document]]
    ) -> None:
        assert _told(read, self.content[: int(len(self.content) * share)]) != ""


def _told(read: Callable[[bytes], list[Document]], content: bytes) -> str | None:
    """Why a file cannot be read; None when it can."""
    try:
        read(content)
    except UnreadableFile as error:
        return str(error)
    return None

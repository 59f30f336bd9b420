"""What every retriever must do, whatever it is inside."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match
from jmlr_cli.errors import DamagedError
from jmlr_cli.files import folder_checksums
from jmlr_cli.testing.checks import InterruptedAt, Stream, assert_same, damage, ids, indexed, pickled_files
from jmlr_cli.testing.material import PASSAGES, QUERIES

Create = Callable[..., Retriever]


class RetrieverSuite:
    """Inherit it, and say which ``plugin`` is meant. Its ``options`` and ``checkpoint`` are those of a recipe.

    ``create`` and ``create_literal`` are fixtures that a subclass may override. A retriever that does by design what no
    other does (a codebook that updates keep, ranks that a filter changes) says so in the attributes below.
    """

    plugin: ClassVar[type[Retriever]]
    options: ClassVar[Mapping[str, Any]] = {}
    checkpoint: ClassVar[str | None] = None
    update_is_exact: ClassVar[bool] = True
    """Whether an updated index scores exactly as one built afresh."""
    filter_keeps_scores: ClassVar[bool] = True
    """Whether a passage scores the same with a filter as without."""
    tolerance: ClassVar[float] = 1e-4
    """How far two scores of one passage may differ by rounding."""

    @pytest.fixture
    def create(self) -> Create:
        """``create(checkpoint=…, **options)``: a new retriever, the same each time."""

        def make(checkpoint: Path | str | None = None, **options: Any) -> Retriever:
            named = str(checkpoint) if checkpoint else self.checkpoint
            return self.plugin(RetrieverConfig(plugin="under-test", checkpoint=named, options={**self.options, **options}))

        return make

    @pytest.fixture
    def create_literal(self, create: Create) -> Create:
        """The same, but one that finds a passage by its own words, also where its weights are random."""
        return create

    # -- search

    def test_a_passage_is_found_by_its_own_words(self, create_literal: Create, tmp_path: Path) -> None:
        found = indexed(create_literal(), PASSAGES, tmp_path / "index").search([one.content for one in PASSAGES[:6]], 1)
        assert [ids(matches) for matches in found] == [[one.id] for one in PASSAGES[:6]]

    def test_the_best_come_first_and_no_more_than_asked(self, create: Create, tmp_path: Path) -> None:
        one = indexed(create(), PASSAGES, tmp_path / "index")
        for k in (0, 1, 5):
            for matches in one.search(QUERIES, k):
                assert len(matches) <= k
                assert [m.score for m in matches] == sorted((m.score for m in matches), reverse=True)

    def test_more_than_there_are_gives_each_passage_once(self, create: Create, tmp_path: Path) -> None:
        found = indexed(create(), PASSAGES, tmp_path / "index").search(["what treats migraine?"], 1000)[0]
        assert sorted(ids(found)) == [one.id for one in PASSAGES]

    def test_a_batch_of_queries_gives_what_each_gives_alone(self, create: Create, tmp_path: Path) -> None:
        one = indexed(create(), PASSAGES, tmp_path / "index")
        assert_same(one.search(QUERIES, 5), [one.search([query], 5)[0] for query in QUERIES], self.tolerance)

    def test_the_same_search_gives_the_same_again(self, create: Create, tmp_path: Path) -> None:
        one = indexed(create(), PASSAGES, tmp_path / "index")
        assert_same(one.search(QUERIES, 5), one.search(QUERIES, 5), tolerance=0)

    def test_no_queries_give_no_lists(self, create: Create, tmp_path: Path) -> None:
        assert indexed(create(), PASSAGES, tmp_path / "index").search([], 3) == []

    def test_equal_passages_come_in_the_order_of_their_ids(self, create_literal: Create, tmp_path: Path) -> None:
        twins = [replace(PASSAGES[0], id=name) for name in ("z", "a", "m")]
        one = indexed(create_literal(), [*PASSAGES[1:], *twins], tmp_path / "index")
        assert ids(one.search([PASSAGES[0].content], 2)[0]) == ["a", "m"]

    # -- filters

    def test_a_filter_that_all_pass_changes_nothing(self, create: Create, tmp_path: Path) -> None:
        one = indexed(create(), PASSAGES, tmp_path / "index")
        everything = frozenset(passage.id for passage in PASSAGES) | {"not in the index"}
        assert_same(one.search(QUERIES, 5, only=everything), one.search(QUERIES, 5), self.tolerance)

    def test_only_what_passes_a_filter_is_found_and_the_best_of_that(self, create: Create, tmp_path: Path) -> None:
        one, only = indexed(create(), PASSAGES, tmp_path / "index"), frozenset({"p000", "p004", "p007", "p010"})
        found = one.search(QUERIES, 3, only=only)
        assert all(set(ids(matches)) <= only and len(matches) == 3 for matches in found)
        assert [sorted(ids(matches)) for matches in one.search(QUERIES, 50, only=only)] == [sorted(only)] * len(QUERIES)
        if self.filter_keeps_scores:
            passing = [[m for m in matches if m.passage_id in only][:3] for matches in one.search(QUERIES, 50)]
            assert_same(found, passing, self.tolerance)

    def test_a_filter_that_nothing_passes_finds_nothing(self, create: Create, tmp_path: Path) -> None:
        one = indexed(create(), PASSAGES, tmp_path / "index")
        for only in (frozenset[str](), frozenset({"not in the index"})):
            assert one.search(QUERIES[:2], 3, only=only) == [[], []]

    # -- adding and removing

    def test_updating_equals_building_afresh_and_leaves_the_old_files_alone(self, create: Create, tmp_path: Path) -> None:
        old, new, gone = tmp_path / "old", tmp_path / "new", {PASSAGES[1].id, PASSAGES[4].id}
        indexed(create(), PASSAGES[:9], old)
        before = folder_checksums(old)
        new.mkdir()
        updated = create()
        updated.update(old, new, Stream(PASSAGES[9:]), gone)
        updated.open(new)
        left = [passage for passage in PASSAGES if passage.id not in gone]
        assert sorted(ids(updated.search(QUERIES[:1], 50)[0])) == [passage.id for passage in left]
        assert folder_checksums(old) == before
        if self.update_is_exact:
            afresh = indexed(create(), left, tmp_path / "afresh")
            assert_same(updated.search(QUERIES, 50), afresh.search(QUERIES, 50), self.tolerance)

    def test_all_passages_can_go_and_others_come(self, create_literal: Create, tmp_path: Path) -> None:
        indexed(create_literal(), PASSAGES[:3], tmp_path / "full")
        one = create_literal()
        for name in ("empty", "full again"):
            (tmp_path / name).mkdir()
        one.update(tmp_path / "full", tmp_path / "empty", Stream([]), {p.id for p in PASSAGES[:3]})
        one.open(tmp_path / "empty")
        assert one.search(["gout", ""], 5) == [[], []]
        one.update(tmp_path / "empty", tmp_path / "full again", Stream(PASSAGES[2:4]), frozenset())
        one.open(tmp_path / "full again")
        assert ids(one.search([PASSAGES[2].content], 1)[0]) == [PASSAGES[2].id]

    def test_progress_counts_every_passage_once(self, create: Create, tmp_path: Path) -> None:
        steps: list[int] = []
        create().build(Stream(PASSAGES), tmp_path, lambda advance, total=None, note="": steps.append(advance))
        assert sum(steps) == len(PASSAGES)

    # -- files

    def test_another_process_reads_the_same_from_the_files_wherever_they_stand(self, create: Create, tmp_path: Path) -> None:
        written = indexed(create(), PASSAGES, tmp_path / "index").search(QUERIES, 12)
        shutil.copytree(tmp_path / "index", tmp_path / "elsewhere")
        reader = create()
        reader.open(tmp_path / "elsewhere")
        assert_same(reader.search(QUERIES, 12), written, tolerance=0)

    def test_building_twice_writes_the_same_bytes_and_nothing_pickled(self, create: Create, tmp_path: Path) -> None:
        for name in ("one", "two"):
            indexed(create(), PASSAGES, tmp_path / name)
        assert folder_checksums(tmp_path / "one") == folder_checksums(tmp_path / "two")
        assert pickled_files(tmp_path / "one") == []

    @pytest.mark.parametrize("after", [1, 7])
    def test_after_an_interrupted_build_the_next_one_writes_the_same_bytes(
        self, after: int, create: Create, tmp_path: Path
    ) -> None:
        indexed(create(), PASSAGES, tmp_path / "whole")
        (tmp_path / "again").mkdir()
        with pytest.raises(KeyboardInterrupt):
            create().build(Stream(PASSAGES), tmp_path / "again", InterruptedAt(after))
        create().build(Stream(PASSAGES), tmp_path / "again")
        assert folder_checksums(tmp_path / "again") == folder_checksums(tmp_path / "whole")

    def test_after_an_interrupted_update_the_next_one_writes_the_same_bytes(self, create: Create, tmp_path: Path) -> None:
        indexed(create(), PASSAGES[:6], tmp_path / "old")
        for name in ("whole", "again"):
            (tmp_path / name).mkdir()
        change = (Stream(PASSAGES[6:]), {PASSAGES[1].id})
        create().update(tmp_path / "old", tmp_path / "whole", *change)
        with pytest.raises(KeyboardInterrupt):
            create().update(tmp_path / "old", tmp_path / "again", *change, InterruptedAt(3))
        create().update(tmp_path / "old", tmp_path / "again", *change)
        assert folder_checksums(tmp_path / "again") == folder_checksums(tmp_path / "whole")

    def test_processes_that_share_the_work_write_what_one_writes_alone(self, create: Create, tmp_path: Path) -> None:
        first, second = create(), create()
        shares = first.take_share(0, 2)
        assert second.take_share(1, 2) == shares
        if not shares:
            pytest.skip("it does not share its work")
        (tmp_path / "shared").mkdir()
        other = Thread(target=second.build, args=(Stream(PASSAGES), tmp_path / "shared"), daemon=True)
        other.start()
        first.build(Stream(PASSAGES), tmp_path / "shared")  # it waits for nobody
        other.join(60)
        assert not other.is_alive()
        indexed(create(), PASSAGES, tmp_path / "alone")
        assert folder_checksums(tmp_path / "shared") == folder_checksums(tmp_path / "alone")

    @pytest.mark.parametrize("how", ["removed", "cut off"])
    def test_a_damaged_file_is_told_with_what_to_do_or_changes_nothing(self, how: str, create: Create, tmp_path: Path) -> None:
        whole = indexed(create(), PASSAGES, tmp_path / "index").search(QUERIES[:2], 5)
        for name in folder_checksums(tmp_path / "index"):
            folder = shutil.copytree(tmp_path / "index", tmp_path / "damaged" / name.replace("/", " "))
            damage(folder / name, how)
            found, error = _read(create(), folder)
            assert found == whole or (error and str(folder) in str(error) and error.hint), name

    # -- identity

    def test_the_fingerprint_is_the_same_for_the_same_settings(self, create: Create) -> None:
        assert create().fingerprint == create().fingerprint
        assert create().fingerprint.strip()

    def test_every_option_says_what_it_does(self) -> None:
        fields = self.plugin.Options.model_fields
        assert [name for name, field in fields.items() if not field.description] == []


def _read(retriever: Retriever, folder: Path) -> tuple[list[list[Match]], DamagedError | None]:
    """What a search in ``folder`` finds, or why it cannot."""
    try:
        retriever.open(folder)
        return retriever.search(QUERIES[:2], 5), None
    except DamagedError as error:
        return [], error

"""Several retrievers as one: fusion by rank and by score, and their files."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from jmlr_cli.contracts.values import Match, Passage
from jmlr_cli.errors import InputError
from jmlr_cli.files import folder_checksums
from jmlr_plugins.retrievers.combined.fusion import scaled_scores

SHORT, LONG = {"plugin": "bm25", "options": {"b": 1.0}}, {"plugin": "bm25", "options": {"k1": 8.0, "b": 0.0, "stopwords": "none"}}
QUERY = "once in the attack by mouth"


def by_score(scores: dict[str, float], k: int) -> dict[str, float]:
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k])


@pytest.fixture
def lists(retriever, built, passages, tmp_path):
    """What each of the two members finds."""
    members = [built(retriever("bm25", **m["options"]), passages, tmp_path / str(n)) for n, m in enumerate((SHORT, LONG))]
    found = [member.search([QUERY], 4)[0] for member in members]
    assert [m.passage_id for m in found[0]] != [m.passage_id for m in found[1]]
    return found


def test_scores_are_the_weighted_reciprocal_ranks(lists, retriever, built, passages, tmp_path):
    by_hand: dict[str, float] = {}
    for weight, found in zip((1.0, 0.5), lists, strict=True):
        for rank, one in enumerate((m.passage_id for m in found if m.score != 0), start=1):
            by_hand[one] = by_hand.get(one, 0) + weight / (10 + rank)
    hybrid = retriever("hybrid", retrievers=[SHORT, LONG | {"weight": 0.5}], rrf_k=10, depth=4)
    found = built(hybrid, passages, tmp_path / "hybrid").search([QUERY], 4)[0]
    assert {m.passage_id: m.score for m in found} == pytest.approx(by_score(by_hand, 4))


def test_interpolation_is_the_weighted_mean_of_scores_scaled_to_one(lists, retriever, built, passages, tmp_path):
    by_hand: dict[str, float] = {}
    for weight, found in zip((1.0, 0.5), lists, strict=True):
        scores = [m.score for m in found]
        for match in found:
            share = (match.score - min(scores)) / (max(scores) - min(scores))
            by_hand[match.passage_id] = by_hand.get(match.passage_id, 0) + weight / 1.5 * share
    hybrid = retriever("hybrid", retrievers=[SHORT, LONG | {"weight": 0.5}], fusion="interpolation", depth=4)
    found = built(hybrid, passages, tmp_path / "hybrid").search([QUERY], 4)[0]
    assert {m.passage_id: m.score for m in found} == pytest.approx(by_score(by_hand, 4))


@pytest.mark.parametrize(
    ("scores", "unmatched", "scaled"),
    [
        ([9.0, 5.0, 1.0], None, [1.0, 0.5, 0.0]),
        ([9.0, 3.0, 0.0], 0.0, [1.0, 1 / 3]),  # the last has nothing in common with the query
        ([4.0], None, [1.0]),
        ([4.0, 4.0], None, [1.0, 1.0]),
        ([0.0, 0.0], 0.0, []),
        ([], None, []),
    ],
)
def test_scores_are_scaled_between_the_best_and_the_last(scores, unmatched, scaled):
    found = [Match(f"p{n}", score) for n, score in enumerate(scores)]
    assert scaled_scores(found, unmatched) == pytest.approx({f"p{n}": value for n, value in enumerate(scaled)})


@pytest.mark.parametrize("fusion", ["rrf", "interpolation"])
def test_a_passage_that_shares_no_word_gets_nothing_from_bm25(fusion, retriever, built, passages, tmp_path, ids):
    hybrid = built(retriever("hybrid", retrievers=[SHORT], fusion=fusion), passages, tmp_path / "index")
    assert ids(hybrid.search(["lumefantrine"], 10)[0]) == ["p008"]
    assert hybrid.search(["unheard"], 10) == [[]]


@pytest.mark.parametrize("fusion", ["rrf", "interpolation"])
def test_a_filter_reaches_every_member(fusion, retriever, built, passages, tmp_path, ids):
    members = [SHORT, {"plugin": "dense", "options": {"precision": "float32"}}]
    hybrid = built(retriever("hybrid", retrievers=members, fusion=fusion, depth=2), passages, tmp_path / "index")
    only = {"p000", "p004", "p007"}
    assert set(ids(hybrid.search([QUERY], 10, only=only)[0])) == only


def test_members_take_the_hybrids_checkpoint_unless_they_name_their_own(retriever, tmp_path):
    dense, own = {"plugin": "dense"}, {"plugin": "dense", "checkpoint": str(tmp_path)}
    inherits, names = retriever("hybrid", retrievers=[dense, own]).members.retrievers
    assert inherits.config.checkpoint == retriever("dense").config.checkpoint
    assert names.config.checkpoint == str(tmp_path)


def test_by_default_words_and_vectors_are_fused(retriever):
    names = [type(member).__name__ for member in retriever("hybrid").members.retrievers]
    assert names == ["BM25Retriever", "DenseRetriever"]


def test_the_fingerprint_follows_the_members_files_not_the_fusion(retriever):
    plain = retriever("hybrid", retrievers=[SHORT])
    other = retriever("hybrid", retrievers=[SHORT | {"weight": 2.0}], rrf_k=1, fusion="interpolation")
    assert other.fingerprint == plain.fingerprint
    assert retriever("hybrid", retrievers=[LONG]).fingerprint != plain.fingerprint


@pytest.mark.parametrize(
    ("member", "message"),
    [({"plugin": "bm52"}, "no plugin offers"), ({"plugin": "bm25", "options": {"k2": 1}}, "retriever.options.k2")],
)
def test_an_unknown_member_or_option_is_refused(member, message, retriever):
    with pytest.raises(InputError, match=message):
        retriever("hybrid", retrievers=[member]).members  # noqa: B018 - it makes them


def test_an_interrupted_build_goes_on_with_the_members_that_are_left(retriever, passages, tmp_path):
    class Stopping:
        """The passages, whose second reading is interrupted half-way."""

        readings = 0

        def __len__(self) -> int:
            return len(passages)

        def __iter__(self) -> Iterator[Passage]:
            self.readings += 1
            for number, one in enumerate(passages):
                if self.readings == 2 and number == 6:
                    raise KeyboardInterrupt
                yield one

    for name in ("fresh", "again"):
        (tmp_path / name).mkdir()
    with pytest.raises(KeyboardInterrupt):
        retriever("hybrid", retrievers=[SHORT, LONG]).build(Stopping(), tmp_path / "again")
    assert json.loads((tmp_path / "again" / "finished.json").read_text()) == ["0"]
    steps: list[int] = []
    left = Stopping()
    retriever("hybrid", retrievers=[SHORT, LONG]).build(left, tmp_path / "again", lambda n, total=None: steps.append(n))
    assert (left.readings, sum(steps)) == (1, len(passages))
    retriever("hybrid", retrievers=[SHORT, LONG]).build(passages, tmp_path / "fresh")
    assert folder_checksums(tmp_path / "again") == folder_checksums(tmp_path / "fresh")


def test_several_processes_share_what_its_members_can_share(retriever, passages, tmp_path):
    members = [SHORT, {"plugin": "dense", "options": {"precision": "float32"}}]
    for name in ("shared", "alone"):
        (tmp_path / name).mkdir()
    first, second = (retriever("hybrid", retrievers=members) for _ in range(2))
    assert first.take_share(0, 2)
    assert second.take_share(1, 2)
    second.build(passages, tmp_path / "shared")
    assert not (tmp_path / "shared" / "0").exists()
    first.build(passages, tmp_path / "shared")
    retriever("hybrid", retrievers=members).build(passages, tmp_path / "alone")
    built = folder_checksums(tmp_path / "shared")
    assert built == folder_checksums(tmp_path / "alone")
    second.build(passages, tmp_path / "shared")  # too late: everything is finished
    assert folder_checksums(tmp_path / "shared") == built
    assert not retriever("hybrid", retrievers=[SHORT]).take_share(0, 2)


def test_it_passes_on_its_members_advice(retriever, built, passages, tmp_path):
    hybrid = built(retriever("hybrid", retrievers=[SHORT, LONG]), passages, tmp_path / "index")
    assert hybrid.advice() is None
    hybrid.members.retrievers[1].advice = lambda: "Build it anew."
    assert hybrid.advice() == "Build it anew."

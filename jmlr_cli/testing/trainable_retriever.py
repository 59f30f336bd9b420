"""What a retriever that learns must do beside what every retriever does."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.errors import InputError
from jmlr_cli.testing.checks import assert_same, indexed, pickled_files
from jmlr_cli.testing.material import PASSAGES, QUERIES
from jmlr_cli.testing.retriever import Create, RetrieverSuite

ASKED = ("what treats gout?", "what is given first in anaphylaxis?")
CANDIDATES = tuple(PASSAGES[number].content for number in (2, 9, 0, 10))
"""Of each question the right one and a wrong one."""


class TrainableRetrieverSuite(RetrieverSuite):
    """Inherit it for a retriever whose ``trainable`` is True."""

    score_tolerance: ClassVar[float | None] = 1e-3
    """How far a score in training may be from that of a search; None where the index keeps vectors in another form."""

    def test_a_score_in_training_is_that_of_a_search(self, create: Create, tmp_path: Path) -> None:
        import torch

        if self.score_tolerance is None:
            pytest.skip("its index keeps vectors in another form")
        one = _learner(indexed(create(), PASSAGES, tmp_path / "index"))
        queries = QUERIES[:3]
        with torch.no_grad():
            passages = one.encode_passages([passage.content for passage in PASSAGES] * len(queries))
            scores = one.score(one.encode_queries(queries), passages)
        for row, found in zip(scores.tolist(), one.search(queries, len(PASSAGES)), strict=True):
            searched = {match.passage_id: match.score for match in found}
            assert row == pytest.approx([searched[passage.id] for passage in PASSAGES], abs=self.score_tolerance)

    def test_each_question_meets_its_own_candidates(self, create: Create) -> None:
        import torch

        one = _learner(create())
        with torch.no_grad():
            together = _scores(one)
            alone = [
                one.score(one.encode_queries([ASKED[n]]), one.encode_passages(CANDIDATES[2 * n : 2 * n + 2])) for n in (0, 1)
            ]
        assert (together.shape, together.dtype) == ((2, 2), torch.float32)
        torch.testing.assert_close(together, torch.cat(alone), atol=1e-4, rtol=1e-4)

    def test_the_gradient_reaches_every_parameter_that_trains(self, create: Create) -> None:
        one = _learner(create())
        scores = _scores(one)
        (scores[:, 0] - scores[:, 1]).sum().backward()
        without = [name for name, weight in one.module.named_parameters() if weight.requires_grad and weight.grad is None]
        assert without == []
        assert sum(float(weight.grad.abs().sum()) for weight in one.module.parameters() if weight.grad is not None) > 0

    def test_the_optimizer_gets_every_parameter_that_trains_once(self, create: Create) -> None:
        one = _learner(create())
        groups = one.parameter_groups(1e-3)
        given = [id(weight) for group in groups for weight in group["params"]]
        assert sorted(given) == sorted(id(weight) for weight in one.module.parameters() if weight.requires_grad)
        assert all(group["lr"] > 0 for group in groups)

    def test_learning_moves_the_right_passage_up(self, create: Create) -> None:
        one = _learner(create())
        before = _margin(one)
        _learn(one)
        assert _margin(one) > before

    def test_search_is_the_same_while_it_trains(self, create: Create, tmp_path: Path) -> None:
        one = _learner(indexed(create(), PASSAGES, tmp_path / "index"))
        quiet = one.search(QUERIES[:2], 5)
        one.module.train()
        assert_same(one.search(QUERIES[:2], 5), quiet, tolerance=0)
        assert one.module.training

    def test_what_is_saved_scores_as_what_was_trained(self, create: Create, tmp_path: Path) -> None:
        import torch

        one = _learner(create())
        _learn(one)
        one.save(tmp_path / "trained")
        again = _learner(create(checkpoint=tmp_path / "trained"))
        with torch.no_grad():
            trained, loaded, untrained = (_scores(each) for each in (one, again, _learner(create())))
        torch.testing.assert_close(loaded, trained, atol=1e-4, rtol=1e-4)
        assert not torch.allclose(loaded, untrained, atol=1e-3)
        assert again.fingerprint != create().fingerprint
        assert pickled_files(tmp_path / "trained") == []

    def test_frozen_passages_stay_as_they_are(self, create: Create) -> None:
        import torch

        one = _learner(create())
        try:
            one.freeze_passages()
        except InputError:
            pytest.skip("it cannot train its question encoder alone")
        _learn(one)
        frozen, new = one.encode_passages(CANDIDATES), _learner(create())
        query = new.encode_queries(ASKED)
        with torch.no_grad():
            torch.testing.assert_close(new.score(query, frozen), new.score(query, new.encode_passages(CANDIDATES)))
        assert any(weight.requires_grad for weight in one.module.parameters())


def _learner(retriever: Any) -> TrainableRetriever:
    assert retriever.trainable
    return cast(TrainableRetriever, retriever)


def _scores(one: TrainableRetriever) -> Any:
    """The scores (2, 2) of both questions with their candidates, the right one first."""
    return one.score(one.encode_queries(ASKED), one.encode_passages(CANDIDATES))


def _margin(one: TrainableRetriever) -> float:
    """How far the right passages stand above the wrong ones."""
    import torch

    one.module.eval()
    with torch.no_grad():
        scores = _scores(one)
    return float((scores[:, 0] - scores[:, 1]).sum())


def _learn(one: TrainableRetriever, steps: int = 5) -> None:
    """A few steps that move the right passages up."""
    import torch

    one.module.eval()
    optimizer = torch.optim.AdamW(one.parameter_groups(1e-3))
    for _ in range(steps):
        scores = _scores(one)
        loss = torch.nn.functional.softplus(scores[:, 1] - scores[:, 0]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

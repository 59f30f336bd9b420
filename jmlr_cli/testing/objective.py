"""What every retriever objective must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from jmlr_cli.contracts.objective import Objective

if TYPE_CHECKING:
    import torch

Create = Callable[[], Objective]


class ObjectiveSuite:
    """Inherit it, and say which ``plugin`` is meant, with which ``options``."""

    plugin: ClassVar[type[Objective]]
    options: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def create(self) -> Create:
        """A new objective."""
        return lambda: self.plugin(dict(self.options))

    def test_preparing_keeps_shape_and_order(self, create: Create) -> None:
        import torch

        scores = torch.tensor([[3.0, -2.0, 11.0, 0.5], [1.0, 2.0, 3.0, 4.0]])
        prepared = create().prepare(scores)
        assert prepared.shape == scores.shape
        assert torch.equal(prepared.argsort(dim=1), scores.argsort(dim=1))

    @pytest.mark.parametrize("scores", [[0.0, 0.0, 0.0], [7.0, 7.0, 7.0], [1e4, -1e4, 0.0]], ids=str)
    @pytest.mark.parametrize("answer_nll", [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [500.0, 0.0, 500.0]], ids=str)
    def test_loss_and_gradient_are_finite_on_ties_and_extremes(
        self, scores: list[float], answer_nll: list[float], create: Create
    ) -> None:
        import torch

        objective, raw = create(), torch.tensor([scores, scores], requires_grad=True)
        loss = objective(objective.prepare(raw), torch.tensor([answer_nll, answer_nll]))
        loss.backward()
        assert loss.shape == ()
        assert bool(loss.isfinite())
        assert raw.grad is not None
        assert bool(raw.grad.isfinite().all())

    def test_the_better_passage_is_pulled_up(self, create: Create) -> None:
        gradient = _gradient(create(), [0.0, 0.0], [0.2, 1.0])
        assert gradient[0] < 0 < gradient[1]  # descending raises the first

    def test_learning_brings_the_best_passage_to_the_top(self, create: Create) -> None:
        import torch

        objective = create()
        scores = torch.tensor([[1.0, 0.0, 0.5]], requires_grad=True)
        optimizer = torch.optim.Adam([scores], lr=0.05)
        for _ in range(150):
            loss = objective(scores, torch.tensor([[2.0, 0.1, 1.0]]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert int(scores.argmax()) == 1

    def test_the_order_of_the_passages_does_not_matter(self, create: Create) -> None:
        import torch

        objective = create()
        scores, nll = torch.tensor([[0.3, -0.2, 0.9]]), torch.tensor([[1.0, 2.0, 0.5]])
        turned = objective(scores[:, [2, 0, 1]], nll[:, [2, 0, 1]])
        assert float(turned) == pytest.approx(float(objective(scores, nll)), abs=1e-5)

    def test_a_batch_gives_the_mean_over_its_questions(self, create: Create) -> None:
        import torch

        objective, drawn = create(), torch.Generator().manual_seed(0)
        scores, nll = torch.randn(4, 5, generator=drawn), torch.rand(4, 5, generator=drawn)
        each = [float(objective(scores[n : n + 1], nll[n : n + 1])) for n in range(4)]
        assert float(objective(scores, nll)) == pytest.approx(sum(each) / 4, abs=1e-5)

    def test_the_language_model_learns_from_it_only_where_it_says_so(self, create: Create) -> None:
        import torch

        objective = create()
        if not objective.trains_generator:
            pytest.skip("it does not train the language model")
        nll = torch.tensor([[2.0, 1.0]], requires_grad=True)
        objective(torch.tensor([[0.1, 0.2]]), nll).backward()
        assert nll.grad is not None
        assert bool((nll.grad > 0).all())  # descending makes the answer likelier

    def test_it_reads_one_of_the_two_reductions(self, create: Create) -> None:
        assert create().answer_reduction in ("mean", "sum")

    def test_every_option_says_what_it_does(self) -> None:
        fields = self.plugin.Options.model_fields
        assert [name for name, field in fields.items() if not field.description] == []


def _gradient(objective: Objective, scores: list[float], answer_nll: list[float]) -> torch.Tensor:
    """The gradient (m,) of the loss of one question."""
    import torch

    raw = torch.tensor([scores], requires_grad=True)
    objective(raw, torch.tensor([answer_nll])).backward()
    assert raw.grad is not None
    return raw.grad[0]

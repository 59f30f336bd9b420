"""What a language model whose weights are here must do beside what every generator does."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from jmlr_cli.contracts.config import LoraConfig
from jmlr_cli.contracts.generator import Generator, TrainableGenerator
from jmlr_cli.contracts.values import Prompt
from jmlr_cli.errors import DamagedError
from jmlr_cli.files import folder_checksums
from jmlr_cli.testing.checks import damage, pickled_files
from jmlr_cli.testing.generator import Create, LikelihoodSuite
from jmlr_cli.testing.material import OPTION_QUESTION, READ


class TrainableGeneratorSuite(LikelihoodSuite):
    """Inherit it for a generator whose ``trainable`` is True. ``settings`` must name a model, small for a test's sake."""

    lora: ClassVar[LoraConfig] = LoraConfig(r=4, alpha=8, dropout=0.0)
    needed_files: ClassVar[tuple[str, ...]] = ("adapter_config.json", "adapter_model.safetensors")
    """Files of saved adapters without which they cannot be loaded."""

    def test_the_answer_nll_is_the_likelihood_a_token(self, create: Create) -> None:
        import torch

        one = _learner(create())
        one.module.eval()
        prompts = _told(one)
        means, sums = one.answer_nll(prompts), one.answer_nll(prompts, reduction="sum")
        scores = one.answer_scores(prompts)
        assert (means.shape, means.dtype) == ((len(prompts),), torch.float32)
        assert means.tolist() == pytest.approx([score.nll_mean for score in scores], abs=1e-4)
        assert sums.tolist() == pytest.approx([score.nll_sum for score in scores], abs=1e-3)

    def test_the_end_of_an_answer_counts_where_it_is_asked_for(self, create: Create) -> None:
        one = _learner(create())
        one.module.eval()
        without, with_end = (one.answer_nll(_told(one), end=end, reduction="sum").tolist() for end in (False, True))
        assert all(more > less for less, more in zip(without, with_end, strict=True))

    def test_no_prompts_have_no_nll(self, create: Create) -> None:
        assert _learner(create()).answer_nll([]).shape == (0,)

    def test_the_gradient_reaches_the_adapters_and_nothing_else(self, create: Create) -> None:
        one = _learner(create(lora=self.lora))
        one.add_adapters()
        one.answer_nll(_told(one)).mean().backward()
        trains = {name for name, weight in one.module.named_parameters() if weight.requires_grad}
        reached = {name for name, weight in one.module.named_parameters() if weight.grad is not None}
        assert trains
        assert reached == trains
        assert len(trains) < sum(1 for _ in one.module.parameters())

    def test_new_adapters_change_nothing_until_they_learn(self, create: Create) -> None:
        bare, adapted = _learner(create()), _learner(create(lora=self.lora))
        adapted.add_adapters()
        for one in (bare, adapted):
            one.module.eval()
        before = bare.answer_nll(_told(bare)).tolist()
        assert adapted.answer_nll(_told(adapted)).tolist() == pytest.approx(before, abs=1e-6)
        _learn(adapted)
        assert sum(adapted.answer_nll(_told(adapted)).tolist()) < sum(before)

    def test_saved_adapters_give_the_same_likelihoods_when_loaded(self, create: Create, tmp_path: Path) -> None:
        one, other = _learner(create(lora=self.lora)), _learner(create())
        one.add_adapters()
        _learn(one)
        one.save(tmp_path)
        one.module.eval()
        prompts = _told(one)
        untrained = other.answer_nll(prompts).tolist()
        other.load_adapters(tmp_path)
        assert other.answer_nll(prompts).tolist() == pytest.approx(one.answer_nll(prompts).tolist(), abs=1e-5)
        assert other.answer_nll(prompts).tolist() != pytest.approx(untrained, abs=1e-3)
        assert not any(weight.requires_grad for weight in other.module.parameters())
        assert pickled_files(tmp_path) == []

    def test_loaded_adapters_can_learn_on(self, create: Create, tmp_path: Path) -> None:
        one = _learner(create(lora=self.lora))
        one.add_adapters()
        one.save(tmp_path)
        one.load_adapters(tmp_path, trainable=True)
        assert any(weight.requires_grad for weight in one.module.parameters())
        before = sum(one.answer_nll(_told(one)).tolist())
        _learn(one)
        assert sum(one.answer_nll(_told(one)).tolist()) < before

    def test_adapters_are_used_in_scoring(self, create: Create) -> None:
        one = _learner(create(lora=self.lora))
        one.add_adapters()
        prompt = one.render(OPTION_QUESTION, READ)
        before = one.option_scores(prompt, ["C. Insulin"])[0].nll_sum
        _learn(one)
        assert one.option_scores(prompt, ["C. Insulin"])[0].nll_sum < before

    @pytest.mark.parametrize("how", ["removed", "cut off"])
    def test_damaged_adapters_are_named(self, how: str, create: Create, tmp_path: Path) -> None:
        one = _learner(create(lora=self.lora))
        one.add_adapters()
        for name in self.needed_files:
            one.save(tmp_path / name)
            assert name in folder_checksums(tmp_path / name)
            damage(tmp_path / name / name, how)
            with pytest.raises(DamagedError, match=str(tmp_path)) as caught:
                one.load_adapters(tmp_path / name)
            assert caught.value.hint

    def test_a_model_without_adapters_is_saved_whole(self, create: Create, tmp_path: Path) -> None:
        one = _learner(create())
        one.module.eval()
        one.save(tmp_path)
        again = _learner(create(model=str(tmp_path)))
        again.module.eval()
        assert again.answer_nll(_told(again)).tolist() == pytest.approx(one.answer_nll(_told(one)).tolist(), abs=1e-6)


def _learner(generator: Generator) -> TrainableGenerator:
    assert generator.trainable
    return cast(TrainableGenerator, generator)


def _told(one: TrainableGenerator) -> list[Prompt]:
    """Prompts with their answers."""
    return [one.render(OPTION_QUESTION, READ, "C. Insulin"), one.render(OPTION_QUESTION, (), "C. Insulin")]


def _learn(one: TrainableGenerator, steps: int = 4) -> None:
    """A few steps towards one answer."""
    import torch

    weights: list[Any] = [weight for weight in one.module.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-2)
    for _ in range(steps):
        loss = one.answer_nll(_told(one), end=True).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

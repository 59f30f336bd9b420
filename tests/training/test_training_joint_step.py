"""The joint step: each loss reaches its own model, and the published code's defects are absent."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.recipe.schema import TrainingConfig
from jmlr_cli.training.in_batch import places_of_others
from jmlr_cli.training.trainer import parameter_groups
from jmlr_cli.training.utilities import UtilityCache


def gradients(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {
        name: value.grad for name, value in module.named_parameters() if value.grad is not None and value.grad.abs().sum() > 0
    }


def test_the_loss_is_the_sum_of_its_two_weighted_parts(make_joint, items):
    joint = make_joint("objective.weight=0.5").eval()
    outcome = joint(items)
    assert outcome.loss.item() == pytest.approx(outcome.lm_loss.item() + 0.5 * outcome.rank_loss.item(), abs=1e-5)


def test_the_rank_loss_reaches_the_retriever_alone(make_joint, items):
    joint = make_joint()
    joint(items).rank_loss.backward()
    assert gradients(joint.retriever_module)
    assert not gradients(joint.generator_module)


def test_the_lm_loss_reaches_the_adapters_alone(make_joint, items):
    joint = make_joint()
    joint(items).lm_loss.backward()
    assert not gradients(joint.retriever_module)
    moved = gradients(joint.generator_module)
    assert moved
    assert all("lora" in name for name in moved)


def test_every_layer_of_the_encoder_learns_and_at_its_own_rate(make_joint, items):
    """The published code froze the encoder and put every parameter into one group."""
    joint = make_joint()
    config = TrainingConfig(learning_rate=1e-3, retriever_learning_rate=1e-2)
    optimizer = torch.optim.AdamW(parameter_groups(joint, config))
    rates = {id(value): group["lr"] for group in optimizer.param_groups for value in group["params"]}
    before = {name: value.detach().clone() for name, value in joint.named_parameters() if value.requires_grad}
    assert set(rates) == {id(value) for value in joint.parameters() if value.requires_grad}
    joint(items).loss.backward()
    optimizer.step()
    after = dict(joint.named_parameters())
    layers = [name for name in before if "retriever_module" in name and ".layer." in name and name.endswith("query.weight")]
    assert len(layers) == 2
    for name in layers:
        # Adam's first step moves a weight by its rate
        assert (after[name] - before[name]).abs().max().item() == pytest.approx(1e-2, rel=0.1)
    adapters = [name for name in before if "lora_B" in name]
    assert max((after[name] - before[name]).abs().max().item() for name in adapters) == pytest.approx(1e-3, rel=0.1)
    assert {rates[id(after[name])] for name in layers} == {1e-2}
    assert {rates[id(after[name])] for name in adapters} == {1e-3}


def test_labels_are_drawn_without_dropout(make_joint, items):
    """The published code scored candidates with dropout on, so the same passage got two labels."""
    joint = make_joint("generator.lora.dropout=0.5").train()
    for name, value in joint.generator_module.named_parameters():
        if "lora_B" in name:
            value.data.normal_()
    drawn = torch.arange(6).repeat(2, 1)
    first, again = joint._utilities(items, drawn)[0], joint._utilities(items, drawn)[0]
    assert first.equal(again)
    assert first.std() > 0
    assert joint.generator_module.training


def test_only_the_drawn_passages_and_the_extremes_are_encoded_with_gradient(make_joint, items):
    joint = make_joint("candidates.sample=2")
    seen = []
    encode = joint.retriever.encode_passages
    joint.retriever.encode_passages = lambda texts: (seen.append((torch.is_grad_enabled(), len(texts))), encode(texts))[1]
    joint(items)
    assert seen == [(False, 2 * 6), (True, 2 * (2 + 2))]


def test_the_shortcut_gives_the_gradient_of_encoding_every_candidate(make_joint, items):
    """ŝ hangs on all candidates through their extremes alone."""
    joint = make_joint("candidates.sample=3", "candidates.pool=6", "objective.plugin=llm-rank").eval()
    joint(items).rank_loss.backward()
    short = {name: value.clone() for name, value in gradients(joint.retriever_module).items()}
    joint.zero_grad()
    scores = joint._encoded_scores(items, [item.candidates for item in items])
    drawn = torch.cat([joint._drawn(item, row, 3) for item, row in zip(items, scores.detach(), strict=True)])
    answer_nll = joint._utilities(items, drawn)[0]
    loss = joint.objective(joint.objective.prepare(scores).gather(1, drawn), answer_nll)
    loss.backward()
    whole = gradients(joint.retriever_module)
    assert set(short) == set(whole)
    # the two go through the encoder in other batches, so they differ by rounding
    assert all(torch.allclose(short[name], whole[name], rtol=1e-3, atol=1e-5) for name in whole)


def test_passages_are_read_in_ascending_score(make_joint, items):
    joint = make_joint("candidates.read=3").eval()
    prompts = []
    render = joint.generator.render
    joint.generator.render = lambda question, passages, *a, **k: (
        prompts.append([p.id for p in passages]),
        render(question, passages, *a, **k),
    )[1]
    with torch.no_grad():
        scores = joint._scores(items)
        joint._lm_loss(items, joint(items).orders)
    prompts = prompts[-2:]
    for row, read in zip(scores, prompts, strict=True):
        best = row.argsort(descending=True)[:3].tolist()
        assert read == [f"p{i}" for i in reversed(best)]


def test_a_batch_gives_the_mean_of_its_questions(make_joint, items):
    """The published code could not take more than one question at a time."""
    joint = make_joint().eval()
    with torch.no_grad():
        together, apart = joint(items), [joint([item]) for item in items]
    assert together.lm_loss.item() == pytest.approx(sum(o.lm_loss.item() for o in apart) / 2, abs=1e-4)
    assert together.rank_loss.item() == pytest.approx(sum(o.rank_loss.item() for o in apart) / 2, abs=1e-4)


def test_questions_may_have_pools_of_different_sizes(make_joint, items):
    joint = make_joint("candidates.sample=4").eval()
    fewer = replace(items[1], candidates=items[1].candidates[:3])
    single = replace(items[1], candidates=items[1].candidates[:1])
    with torch.no_grad():
        mixed, apart = joint([items[0], fewer]), [joint([items[0]]), joint([fewer])]
        assert torch.isfinite(joint([single]).loss)
    assert mixed.rank_loss.item() == pytest.approx(sum(o.rank_loss.item() for o in apart) / 2, abs=1e-4)


def test_a_frozen_language_model_leaves_the_rank_loss_alone(make_joint, items):
    joint = make_joint("generator.train=false")
    outcome = joint(items)
    assert outcome.lm_loss is None
    assert outcome.loss.item() == pytest.approx(outcome.rank_loss.item())
    outcome.loss.backward()
    assert gradients(joint.retriever_module)
    assert not gradients(joint.generator_module)


def test_a_frozen_retriever_leaves_the_lm_loss_alone_and_the_index_order(make_joint, items):
    joint = make_joint("retriever.train=false")
    outcome = joint(items)
    assert (outcome.rank_loss, outcome.rank_agreement) == (None, None)
    assert outcome.loss.item() == pytest.approx(outcome.lm_loss.item())


def test_a_long_prompt_is_cut_and_counted(make_joint, items):
    joint = make_joint("generator.context=60").eval()
    long = replace(items[0].candidates[0], text="malaria treatment " * 200)
    crowded = replace(items[0], candidates=(long, *items[0].candidates[1:]))
    with torch.no_grad():
        assert joint([crowded]).cut_tokens > 0
        assert make_joint().eval()(items).cut_tokens == 0


def test_rag_sequence_teaches_both_models_by_one_loss(make_joint, items):
    joint = make_joint("objective.plugin=rag-sequence")
    outcome = joint(items)
    assert outcome.lm_loss is None
    outcome.rank_loss.backward()
    assert gradients(joint.retriever_module)
    assert any("lora" in name for name in gradients(joint.generator_module))


def test_rag_sequence_with_a_frozen_language_model_teaches_the_retriever_alone(make_joint, items):
    joint = make_joint("objective.plugin=rag-sequence", "generator.train=false")
    joint(items).loss.backward()
    assert gradients(joint.retriever_module)
    assert not gradients(joint.generator_module)


TURNS = [("generator", "lm_loss", "rank_loss"), ("retriever", "rank_loss", "lm_loss")]


@pytest.mark.parametrize(("turn", "learner", "rests"), TURNS)
def test_in_one_models_turn_the_other_rests(make_joint, items, turn, learner, rests):
    joint = make_joint()
    outcome = joint(items, turn)
    assert getattr(outcome, rests) is None
    assert outcome.loss.item() == pytest.approx(getattr(outcome, learner).item())
    outcome.loss.backward()
    assert bool(gradients(joint.retriever_module)) == (turn == "retriever")
    assert bool(gradients(joint.generator_module)) == (turn == "generator")


def test_a_question_without_a_choice_adds_nothing_and_counts_in_the_mean(make_joint, items):
    joint = make_joint().eval()
    single = replace(items[1], candidates=items[1].candidates[:1])
    with torch.no_grad():
        assert joint([items[0], single]).rank_loss.item() == pytest.approx(joint([items[0]]).rank_loss.item() / 2, abs=1e-5)
    joint([single], "retriever").loss.backward()
    assert not gradients(joint)


def test_the_sharper_the_draw_the_more_of_the_first_are_drawn(make_joint, items):
    scores, drawn = torch.tensor([0.3, 0.1, 0.9, 0.5, 0.8, 0.2]), {}
    for temperature in ("0.05", "1", "100"):
        joint = make_joint(f"candidates.draw_temperature={temperature}")
        seeds = [replace(items[0], seed=seed) for seed in range(200)]
        drawn[temperature] = sum({2, 4, 3} == set(joint._drawn(item, scores, 3)[0].tolist()) for item in seeds) / 200
    assert drawn["0.05"] > 0.99
    assert 0.9 > drawn["1"] > drawn["100"] > 0
    # of three of six there are twenty sets
    assert drawn["100"] == pytest.approx(1 / 20, abs=0.04)


IN_BATCH = ("candidates.in_batch_negatives=true", "training.batch_size=2", "candidates.sample=3")


@pytest.fixture
def apart(items):
    """The two questions with candidates of their own."""
    renamed = [replace(passage, id=f"o{passage.id}", document=f"o{passage.document}") for passage in items[1].candidates]
    return [items[0], replace(items[1], candidates=tuple(renamed))]


@pytest.mark.parametrize("objective", ["emdr2", "kl", "llm-rank", "rag-sequence"])
def test_in_batch_negatives_are_ranked_with_the_least_useful_drawn_passage(make_joint, apart, objective):
    joint = make_joint(*IN_BATCH, f"objective={{plugin: {objective}}}", "generator.train=false").eval()
    with torch.no_grad():
        every = joint._crossed_scores(apart, [item.candidates for item in apart])
        scores = torch.stack([every[0, :6], every[1, 6:]])
        drawn = torch.cat([joint._drawn(item, row, 3) for item, row in zip(apart, scores, strict=True)])
        ends = torch.stack([scores.argmin(1), scores.argmax(1)], 1)
        others = torch.stack([every[0, 6 + drawn[1]], every[1, drawn[0]]])
        whole = joint.objective.prepare(torch.cat([scores.gather(1, torch.cat([drawn, ends], 1)), others], 1))
        nll = joint._utilities(apart, drawn)[0]
        expected = joint.objective(whole[:, [0, 1, 2, 5, 6, 7]], torch.cat([nll, nll.amax(1, keepdim=True).expand(2, 3)], 1))
        found = joint(apart)
    assert found.rank_loss.item() == pytest.approx(expected.item(), abs=1e-4)
    assert found.rank_loss.item() != pytest.approx(make_joint(*IN_BATCH[1:]).eval()(apart).rank_loss.item(), abs=1e-3)


def test_in_batch_negatives_cost_no_encoding_and_no_reading(make_joint, apart):
    seen = []
    for settings in (IN_BATCH, IN_BATCH[1:]):
        joint, lengths = make_joint(*settings), []
        encode = joint.retriever.encode_passages
        joint.retriever.encode_passages = lambda texts, encode=encode, lengths=lengths: (
            lengths.append(len(texts)),
            encode(texts),
        )[1]
        seen.append((joint(apart).tokens, lengths))
    assert seen[0] == seen[1]


def test_a_passage_that_could_help_both_questions_is_no_negative(make_joint, items):
    """Both have candidates of the same documents."""
    with torch.no_grad():
        losses = [make_joint(*settings).eval()(items).rank_loss.item() for settings in (IN_BATCH, IN_BATCH[1:])]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_negatives_are_equally_many_for_each_question_and_none_is_there_twice():
    def passages(*documents):
        return [Passage(f"p{document}", document, "", "", 0) for document in documents]

    drawn = [passages("a", "b"), passages("c", "d"), passages("c", "a")]
    assert places_of_others(drawn, drawn) == [[2, 3], [0, 1], [1, 3]]
    assert places_of_others([*drawn[:2], passages("c", "a", "d")], drawn) == [[2], [0], [1]]
    assert places_of_others([passages("a"), passages("b")], [passages("a"), passages("b")]) == [[1], [0]]
    assert places_of_others([passages("a")], [passages("a")]) == [[]]


def test_in_batch_negatives_want_a_batch(make_joint):
    with pytest.raises(InputError, match=r"training\.batch_size is 1"):
        make_joint("candidates.in_batch_negatives=true", "training.batch_size=1")
    make_joint("candidates.in_batch_negatives=true", "training.batch_size=1", "retriever.train=false")


def test_the_tokens_that_the_language_model_reads_are_counted(make_joint, items):
    joint = make_joint("candidates.sample=3", "candidates.read=1").eval()
    lengths = []
    encoded = joint.generator._encoded

    def counted(prompt, end=False):
        pair = encoded(prompt, end)
        lengths.append(len(pair.prompt) + len(pair.answer))
        return pair

    joint.generator._encoded = counted
    with torch.no_grad():
        outcome = joint(items)
    assert len(lengths) == 2 * (3 + 1)
    assert outcome.tokens == pytest.approx(sum(lengths), abs=2 * 3)  # room is left for the end of text in all


def test_utilities_are_used_again_until_they_are_too_old(make_joint, items):
    joint = make_joint("candidates.utility_cache=2", "candidates.pool=6", "candidates.sample=6").eval()
    scored = []
    answer_nll = joint.generator.answer_nll
    joint.generator.answer_nll = lambda prompts, **k: (scored.append(len(prompts)), answer_nll(prompts, **k))[1]
    losses = []
    for step in range(4):
        joint.utilities.step = step
        losses.append(joint(items, "retriever").rank_loss.item())
    assert scored == [12, 0, 0, 12]  # computed, kept for two steps, computed anew
    assert losses == pytest.approx([losses[0]] * 4, abs=1e-6)
    figures = joint.utilities.take_figures()
    assert figures == pytest.approx({"utility_kept": 0.5, "utility_age": 1.5, "utility_drift": 0.0}, abs=1e-6)
    assert joint.utilities.take_figures() == {}
    with torch.no_grad():
        joint(items)
    assert scored[4:] == [12, 2]  # held-out questions are always scored


def test_kept_utilities_are_the_same_after_a_checkpoint(tmp_path):
    cache, again = UtilityCache(3), UtilityCache(3)
    values = torch.rand(2)
    cache.put([("q", "a"), ("q", "b")], values)
    cache.save(tmp_path / "utilities.json")
    again.load(tmp_path / "utilities.json")
    assert again.missing([("q", "b"), ("q", "c"), ("q", "a")]) == [1]
    assert again.get([("q", "a"), ("q", "b")], values.device).equal(values)
    (tmp_path / "utilities.json").write_text("[[1]]")
    with pytest.raises(DamagedError, match="cannot be read"):
        again.load(tmp_path / "utilities.json")


def test_a_passage_is_seen_to_its_end(make_joint, items):
    """The published retriever saw 128 tokens of a passage, while the language model read all of it."""
    joint = make_joint().eval()
    start = "malaria treatment " * 80
    ends = [replace(items[0].candidates[0], text=start + end) for end in ("artemether", "permethrin")]
    lengths = [len(row.ids) for row in joint.retriever.tokens.passages([passage.content for passage in ends])]
    assert min(lengths) > 160
    with torch.no_grad():
        first, second = joint._encoded_scores([items[0]], [ends])[0]
    assert first != second

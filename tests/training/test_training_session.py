"""Whole runs in this process: every pairing of plugins, recipes that cannot work, refreshing, held-out looks."""

from __future__ import annotations

import json
from itertools import product

import pytest
import torch
from safetensors.torch import load_file

from jmlr_cli.answering.system import System
from jmlr_cli.assemble import make_generator, make_retriever
from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.values import Option, Question
from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.index.open import open_index
from jmlr_cli.runs.checkpoints import newest_whole
from jmlr_cli.runs.find import open_run
from jmlr_cli.training.candidates import Candidates
from jmlr_cli.training.inputs import fitting
from jmlr_cli.workspace import Workspace

RETRIEVERS = ["bm25", "dense", "colbert", "hybrid"]
GENERATORS = ["causal-lm", "llama2", "meditron"]
TRAINABLE = {"dense", "colbert"}


PAIRINGS = [
    (retriever, generator, learns, writes)
    for retriever, generator, learns, writes in product(RETRIEVERS, GENERATORS, (True, False), (True, False))
    if (learns or writes) and (retriever in TRAINABLE or not learns)
]


@pytest.mark.parametrize(("retriever", "generator", "retriever_learns", "generator_learns"), PAIRINGS)
def test_every_pairing_of_plugins_trains(train, retriever, generator, retriever_learns, generator_learns):
    run, summary = train(
        f"retriever.plugin={retriever}", f"generator.plugin={generator}",
        f"retriever.train={str(retriever_learns).lower()}", f"generator.train={str(generator_learns).lower()}",
    )  # fmt: skip
    assert summary.steps == 2
    assert (summary.rank_loss is not None) == retriever_learns
    assert (summary.lm_loss is not None) == generator_learns
    assert run.adapters.is_dir() == generator_learns
    assert run.retriever.is_dir() == run.index.is_dir() == retriever_learns
    if retriever_learns:
        found = open_index(run.index, make_retriever).search(["gout"], 2)[0]
        assert len(found) == 2
    if generator_learns:
        model = make_generator(run.generator_config)
        model.load_adapters(run.adapters)


def test_a_retriever_learns_through_adapters_too(train):
    run, summary = train("retriever.lora.r=2", "retriever.lora.targets=[query, value]")
    assert summary.rank_loss is not None
    assert open_index(run.index, make_retriever).search(["gout"], 1)[0]


def test_a_retriever_goes_half_the_way_to_what_it_learned(train):
    begun: dict[str, torch.Tensor] = {}

    def remember(inputs):
        begun.update({name: value.detach().clone() for name, value in inputs.retriever.module.named_parameters()})

    saved = []
    for share in (1, 0.5):
        run, summary = train(
            f"training.retriever_interpolation={share}", "training.retriever_learning_rate=1e-2", change=remember
        )
        weights = make_retriever(run.retriever_config).module.state_dict()
        saved.append((weights, summary.loss, open_index(run.index, make_retriever)))
    (learned, loss, far), (half, same_loss, near) = saved
    assert loss == same_loss
    moved = [name for name, value in begun.items() if not torch.equal(value, learned[name])]
    assert moved
    for name in moved:
        torch.testing.assert_close(half[name], (begun[name] + learned[name]) / 2)
    assert near.manifest.fingerprint != far.manifest.fingerprint


def test_the_same_seed_gives_the_same_losses(train):
    first, again = (train("training.seed=3")[1] for _ in range(2))
    assert first.loss == again.loss
    assert train("training.seed=4")[1].loss != first.loss


def test_training_lowers_the_loss_on_what_it_saw(train):
    run, _ = train("training.max_steps=40", "training.learning_rate=1e-2", "training.batch_size=4", "generator.lora.r=32")
    losses = [line["lm_loss"] for line in run.read_metrics() if "lm_loss" in line]
    assert losses[-1] < losses[0] - 0.8


def test_a_refreshed_index_is_encoded_by_the_retriever_of_that_step(train):
    run, _ = train("candidates.refresh={every: 1}", "training.retriever_learning_rate=1e-2", "training.max_steps=3")
    manifest = json.loads((run.index / "manifest.json").read_text())
    assert manifest["checkpoint"] == str(run.retriever)
    assert [line["generation"] for line in run.read_metrics() if "generation" in line] == ["step-000001", "step-000002"]


def test_held_out_questions_are_looked_at_without_disturbing_training(train, tmp_path):
    plain, _ = train("training.max_steps=3")
    looked, _ = train("training.max_steps=3", f"data.dev={tmp_path / 'questions.jsonl'}", "evaluation.every=1")
    dev = [line for line in looked.read_metrics() if "dev_lm_loss" in line]
    assert [line["step"] for line in dev] == [0, 1, 2, 3]
    assert all(0 <= line["dev_rank_agreement"] <= 1 for line in dev)
    losses = [[line["loss"] for line in run.read_metrics() if "loss" in line] for run in (plain, looked)]
    assert losses[0] == losses[1]


def test_attached_passages_need_no_index(train, tmp_path):
    records = [
        {
            "input": "What treats gout?",
            "output": "Colchicine",
            "doc": ["Colchicine treats gout.", "Permethrin treats scabies.", "Rest."],
        },
        {
            "input": "What treats scabies?",
            "output": "Permethrin",
            "doc": ["Colchicine treats gout.", "Permethrin treats scabies."],
        },
    ]
    (tmp_path / "attached.json").write_text(json.dumps(records))
    run, summary = train(f"data.train={tmp_path / 'attached.json'}", "data.index=", index=False)
    assert summary.rank_loss is not None
    assert run.retriever.is_dir()
    assert not run.index.exists()


def test_closed_book_training_reads_nothing(train):
    _, summary = train("retriever.train=false", "candidates.read=0", "data.index=", index=False)
    assert summary.lm_loss is not None


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["retriever.train=false", "generator.train=false"], "nothing would learn"),
        (["retriever.plugin=bm25", "retriever.train=true"], "nothing to train"),
        (["generator.plugin=openai"], "cannot be part of training"),
        (["data.index="], "names no index"),
        (["training.alternate=2", "objective.plugin=rag-sequence"], "trains both models at once"),
        (["training.fsdp=true", "generator.quantization=nf4"], "training.fsdp spreads no quantised weights"),
    ],
)
def test_a_recipe_that_cannot_work_says_why(train, overrides, words):
    with pytest.raises(InputError, match=words):
        train(*overrides)


def test_a_question_is_left_out_where_its_options_or_its_script_do_not_fit(decoder):
    generator = make_generator(GeneratorConfig(plugin="causal-lm", model=str(decoder), context=256))
    short = Question("short", "Which?", (Option("A", "this"), Option("B", "that")), "A")
    long = Question("long", "Which?", (Option("A", "this"), Option("B", "zinc " * 400)), "A")
    chinese = Question("chinese", "喘息" * 60, answer="是")
    found = fitting((short, long, chinese), generator, "option")
    assert [question.id for question in found] == ["short"]


def test_an_encoder_of_the_questions_own_learns_alone_or_not_at_all(train, encoder):
    with pytest.raises(InputError, match="an encoder of their own"):
        train(f"retriever.options.query_checkpoint={encoder}")


def test_a_frozen_retriever_must_have_built_the_index(train):
    train()
    with pytest.raises(InputError, match="was built by colbert"):
        train("retriever.plugin=dense", "retriever.train=false", index=False)


def test_a_loss_that_is_no_number_stops_the_run(train):
    with pytest.raises(InputError, match=r"the loss is (nan|inf).*"):
        train("training.learning_rate=1e30", "training.max_steps=9", "training.warmup=0")


def on_the_third_gradient(spoil):
    """Changes loaded models so that ``spoil`` gets the third gradient of one of their parameters."""
    calls = []

    def change(inputs):
        parameter = next(value for value in inputs.module.parameters() if value.requires_grad)
        parameter.register_hook(lambda gradient: (calls.append(1), spoil(gradient) if len(calls) == 3 else gradient)[1])

    return change


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (lambda gradient: gradient * float("inf"), InputError, r"the gradient's length is (nan|inf) at step 3"),
        (lambda gradient: torch.empty(1 << 50), MissingError, "out of memory at step 3"),
    ],
    ids=["a gradient that is no number", "no memory left"],
)
def test_a_step_that_cannot_be_made_leaves_the_last_good_checkpoint(train, spoil, error, words):
    settings = ("training.max_steps=5", "training.save_every=1", "training.keep_checkpoints=1")
    with pytest.raises(error, match=words) as told:
        train(*settings, change=on_the_third_gradient(spoil))
    assert "ower training." in told.value.hint
    run = open_run("latest")
    newest, problems = newest_whole(run.checkpoints)
    assert newest.name == "checkpoint-2"
    assert not problems
    weights = load_file(newest / "trainable.safetensors")
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_questions_whose_answers_exceed_the_context_are_left_out(train, tmp_path, caplog):
    lines = [{"question": f"What is {n}?", "answer": "colchicine " * length} for n, length in ((1, 2), (2, 3000), (3, 2))]
    (tmp_path / "long.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    _, summary = train(f"data.train={tmp_path / 'long.jsonl'}")
    assert summary.steps == 2
    assert "1 of 3 questions are left out" in caplog.text
    with pytest.raises(InputError, match="no question fits"):
        train(f"data.train={tmp_path / 'long.jsonl'}", "generator.context=8", "data.limit=2")


def test_the_index_is_searched_only_for_questions_that_are_met(train, monkeypatch):
    from jmlr_plugins.retrievers.colbert.retriever import ColBERTRetriever

    asked = []
    search = ColBERTRetriever.search
    monkeypatch.setattr(ColBERTRetriever, "search", lambda self, queries, k: (asked.extend(queries), search(self, queries, k))[1])
    train("training.max_steps=1", "training.batch_size=1")
    assert 1 <= len(asked) <= 2  # the loader is one batch ahead


def test_query_only_training_goes_on_from_an_earlier_one(train):
    """The passages' encoder stays that of the checkpoint, not that of the earlier run's questions."""
    earlier, _ = train("candidates.refresh=query-only", "training.retriever_learning_rate=1e-2")
    learned = make_retriever(earlier.retriever_config)
    asked = f"retriever.options.query_checkpoint={earlier.retriever}"
    encoders = []

    def look(inputs):
        encoders.append(inputs.retriever)

    later, _ = train("candidates.refresh=query-only", asked, index=False, change=look)
    (retriever,) = encoders
    texts = ["gout"]
    with torch.no_grad():
        passages = [each.encode_passages(texts).vectors for each in (retriever, learned)]
    assert torch.equal(*passages)
    assert open_index(later.index, make_retriever).manifest.fingerprint == learned.fingerprint


@pytest.mark.parametrize("plugin", ["colbert", "dense"])
def test_query_only_training_moves_questions_and_keeps_the_index_exact(train, plugin):
    faster = ("training.retriever_learning_rate=1e-2", "training.max_steps=3")
    run, summary = train(f"retriever.plugin={plugin}", "candidates.refresh=query-only", *faster)
    assert summary.rank_loss is not None
    before = open_index(Workspace.current().index("guidelines"), make_retriever)
    after = open_index(run.index, make_retriever)
    checksums = [
        [i.manifest.checksums[name] for name in sorted(i.manifest.checksums) if "vectors" in name] for i in (before, after)
    ]
    assert checksums[0]
    assert checksums[0] == checksums[1]
    scores = [{hit.passage.id: hit.score for hit in index.search(["gout"], 4)[0]} for index in (before, after)]
    assert scores[0].keys() == scores[1].keys()
    assert scores[0] != scores[1]
    # another index of the same passages is searched as the run's own is
    named = System(run.recipe, run, "guidelines", run_named=True).index.search(["gout"], 4)[0]
    assert {hit.passage.id: hit.score for hit in named} == scores[1]
    # the trained encoder searches as it scored in training: fresh scores of the frozen passages
    trained = make_retriever(run.retriever_config)
    with torch.no_grad():
        fresh = trained.score(trained.encode_queries(["gout"]), trained.encode_passages([p.content for p in after.passages]))[0]
    for passage, score in zip(after.passages, fresh.tolist(), strict=True):
        assert score == pytest.approx(scores[1][passage.id], abs=2e-2)


def test_one_retriever_proposes_while_another_learns(train, tmp_path):
    train("retriever.plugin=bm25", "retriever.train=false")  # leaves an index of BM25's
    run, summary = train("candidates.refresh={every: 2}", "training.max_steps=4", index=False)
    assert summary.rank_loss is not None
    assert open_index(run.index, make_retriever).manifest.retriever == "colbert"
    refreshed = [line for line in run.read_metrics() if "generation" in line]
    assert [line["generation"] for line in refreshed] == ["step-000002"]
    assert 0 <= refreshed[0]["refresh_staleness"] <= 1


def test_recall_is_watched_where_the_gold_document_is_known(train, tmp_path):
    run, _ = train("training.max_steps=2", f"data.dev={tmp_path / 'questions.jsonl'}", "evaluation.every=9")
    looks = [line for line in run.read_metrics() if "dev_lm_loss" in line]
    assert [line["step"] for line in looks] == [0, 2]  # before the first step and after the last
    assert all(0 <= line["dev_recall@1"] <= 1 for line in looks)
    assert run.curves.is_file()


def test_taking_turns_needs_two_learners(train):
    with pytest.raises(InputError, match="takes turns between two models"):
        train("training.alternate=2", "retriever.train=false")


def test_tensorboard_gets_the_metrics_when_asked(train):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run, _ = train("training.tensorboard=true")
    events = EventAccumulator(str(run.folder / "tensorboard")).Reload()
    assert {"train/lm_loss", "train/rank_loss"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("train/lm_loss")] == [1, 2]


@pytest.mark.parametrize("plugin", ["colbert", "dense"])
def test_in_query_only_training_the_retriever_as_it_is_finds_the_candidates(train, plugin):
    kept = []
    faster = ("training.retriever_learning_rate=0.1", "training.max_steps=4", "candidates.pool=2", "candidates.sample=2")
    settings = (*faster, "candidates.read=1", "candidates.refresh=query-only")
    run, _ = train(f"retriever.plugin={plugin}", *settings, change=kept.append)
    inputs = kept[0]
    candidates = Candidates(inputs.index, run.recipe.candidates)
    indexes = [open_index(folder, make_retriever) for folder in (Workspace.current().index("guidelines"), run.index)]
    before, after = (
        [[hit.passage.id for hit in index.search([question.text], 2)[0]] for question in inputs.questions] for index in indexes
    )
    assert [[passage.id for passage in candidates.of(question)] for question in inputs.questions] == after
    assert after != before

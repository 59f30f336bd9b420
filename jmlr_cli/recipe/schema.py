"""The typed recipe. A key that is not here is an error; every key says what it does."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from jmlr_cli.contracts.config import GeneratorConfig, RetrieverConfig, Section
from jmlr_cli.contracts.filters import conditions
from jmlr_cli.questions.targets import AnswerStyle


class DataConfig(Section):
    """What is read and learned from."""

    index: str | None = Field(None, description="Name of the index whose passages are candidates.")
    where: tuple[str, ...] = Field(
        (),
        description="Filters on the index: `train`, `ask` and `eval` retrieve only passages that pass all of them. Each is "
        "written as `--where` takes it, such as `source=NICE,WHO` or `date>=2020`.",
    )
    train: str | None = Field(None, description="Training questions: a task's name, a file or a folder.")
    dev: str | None = Field(None, description="Held-out questions for evaluation during training.")
    answer_style: AnswerStyle = Field(
        "option", description="What an option question's answer looks like: option, letter, text or rationale."
    )
    passage_words: int = Field(400, ge=20, description="Longest passage, in words, that `jmlr index` cuts.")
    limit: int | None = Field(None, gt=0, description="Train on the first so many questions only.")

    @field_validator("where", mode="before", json_schema_input_type=str | tuple[str, ...] | None)
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """One filter may stand without a list, and nothing means none."""
        return (value,) if isinstance(value, str) else () if value is None else value

    @field_validator("where")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        conditions(value)
        return value


class EverySteps(Section):
    """Refresh the index every so many optimizer steps."""

    every: int = Field(gt=0, description="Optimizer steps between two refreshes.")


class GuardConfig(Section):
    """What keeps a question from retrieving the reasoning that was written for it."""

    document: bool = Field(
        True,
        description="Leave out documents marked with the question: by id, or by their metadata `question` or `question_digest`.",
    )
    overlap: float | None = Field(
        0.5, gt=0, le=1, description="Leave out passages that hold this share of the n-grams of the question or its rationale."
    )
    ngram: int = Field(13, gt=1, description="Words in an n-gram; a shorter question has none and is not compared.")


class CandidatesConfig(Section):
    """Which passages a training question meets."""

    pool: int = Field(20, gt=1, description="N: candidates taken from the index for each question.")
    sample: int = Field(10, gt=1, description="m: candidates drawn from the pool and scored by the language model.")
    draw_temperature: float = Field(
        1.0,
        ge=0.05,
        description="τ: they are drawn by softmax(ŝ / τ); the smaller, the more of them are those that now rank first.",
    )
    read: int = Field(5, ge=0, description="k: best candidates that go into one prompt; 0 is closed-book.")
    refresh: Literal["never", "epoch", "query-only"] | EverySteps = Field(
        "never",
        description="When the index is encoded anew by the retriever in training: never, epoch or {every: STEPS}; with "
        "query-only the passage encoder stays frozen, so that the index stays exact.",
    )
    utility_cache: int | None = Field(
        None,
        gt=0,
        description="Optimizer steps for which the answer NLL of a question with a passage is used again; by default none. "
        "It saves scoring from the second epoch on.",
    )
    force_gold: bool = Field(
        False, description="Put a passage of the question's own gold document into its pool when the search did not."
    )
    in_batch_negatives: bool = Field(
        False,
        description="Teach the retriever to rank what was drawn for the other questions of a batch below a question's own, where "
        "it is of other documents. The language model does not read it for that.",
    )
    guard: GuardConfig = Field(default_factory=GuardConfig)

    @model_validator(mode="after")
    def _sizes_nest(self) -> CandidatesConfig:
        if self.sample > self.pool or self.read > self.pool:
            raise ValueError("candidates.sample and candidates.read cannot exceed candidates.pool")
        return self


class ObjectiveConfig(Section):
    """How the language model teaches the retriever."""

    plugin: str = Field("llm-rank", description="Name of an objective plugin (`jmlr plugins`).")
    weight: float = Field(1.0, ge=0, description="λ: weight of the retriever's loss beside the language model's.")
    options: dict[str, Any] = Field(default_factory=dict, description="The plugin's own options.")


class TrainingConfig(Section):
    """The optimizer and its schedule."""

    epochs: float = Field(
        3, gt=0, allow_inf_nan=False, description="Passes over the training questions, unless max_steps is given."
    )
    max_steps: int | None = Field(None, gt=0, description="Optimizer steps, whatever epochs says.")
    batch_size: int = Field(1, gt=0, description="Questions in one forward pass on one device.")
    accumulate: int = Field(16, gt=0, description="Forward passes summed into one optimizer step.")
    learning_rate: float = Field(2e-5, gt=0, description="AdamW's rate for the language model's adapters.")
    retriever_learning_rate: float = Field(3e-6, gt=0, description="AdamW's rate for the retriever.")
    retriever_interpolation: float = Field(
        1.0,
        gt=0,
        le=1,
        description="α: when training ends, each of the retriever's weights goes back to start + α (learned − start). Below 1, "
        "it keeps more of what it could do before.",
    )
    alternate: int | None = Field(
        None, gt=0, description="Optimizer steps in which one model learns before the other's turn; by default both always learn."
    )
    schedule: Literal["linear", "cosine", "constant", "constant_with_warmup"] = Field(
        "linear", description="How the learning rates change over the run."
    )
    warmup: float = Field(0.03, ge=0, lt=1, description="Share of the steps in which the rates rise from zero.")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's weight decay.")
    max_grad_norm: float = Field(1.0, gt=0, description="Gradients longer than this are scaled down to it.")
    log_every: int = Field(1, gt=0, description="Optimizer steps between two lines of metrics.")
    save_every: int | None = Field(None, gt=0, description="Optimizer steps between two checkpoints; by default once an epoch.")
    keep_checkpoints: int = Field(2, gt=0, description="How many checkpoints stay on disk.")
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of everything that is drawn.")
    devices: int = Field(1, gt=0, description="Processes to train with, one a device.")
    fsdp: bool = Field(
        False, description="Spread the language model's frozen weights over the devices, instead of a copy on each."
    )
    tensorboard: bool = Field(False, description="Also write the metrics for TensorBoard, into the run's folder.")


class EvaluationConfig(Section):
    """How answers are scored."""

    tasks: tuple[str, ...] = Field((), description="Question sets that `jmlr eval` takes when none is named.")
    every: int | None = Field(None, gt=0, description="Optimizer steps between two looks at data.dev during training.")
    limit: int | None = Field(None, gt=0, description="Look at the first so many questions of data.dev only.")
    mode: Literal["closed", "rag", "oracle", "random"] = Field(
        "rag", description="What the model reads: nothing, retrieved, gold or randomly drawn passages."
    )
    scoring: Literal["likelihood", "generation"] = Field(
        "likelihood", description="Option questions: the likeliest option, or the letter in the generated answer."
    )
    normalise: Literal["mean", "sum", "pmi"] = Field(
        "mean", description="Compare options by NLL per token, by its sum, or by the sum less that without the question (pmi)."
    )
    batch_size: int = Field(8, gt=0, description="Questions at a time; after an interruption at most so many are put again.")
    seed: int = Field(0, ge=0, description="Draws the passages of mode random.")
    rank_agreement: int | None = Field(
        None, gt=1, description="Measure rank agreement over so many retrieved passages of each question."
    )
    rank_agreement_index: str | None = Field(
        None,
        description="The index that finds those passages, which each system then ranks: the same ones for all. "
        "By default each system's own.",
    )
    citations: bool = Field(False, description="Measure whether written answers cite the passages that support them.")
    max_new_tokens: int = Field(64, gt=0, description="Longest generated answer, in tokens.")


class NeedsConfig(Section):
    """What a machine must have; checked before anything is loaded."""

    gpu_memory: float = Field(0, ge=0, description="GiB on the largest GPU.")
    memory: float = Field(0, ge=0, description="GiB of main memory.")
    disk: float = Field(0, ge=0, description="GiB free in the workspace.")
    hours: str = Field("", description="How long it takes, for people.")


class Recipe(Section):
    """All that decides a run."""

    description: str = Field("", description="One line for `jmlr recipes`.")
    retriever: RetrieverConfig = Field(default_factory=RetrieverConfig)
    generator: GeneratorConfig = Field(default_factory=GeneratorConfig)
    data: DataConfig = Field(default_factory=DataConfig)
    candidates: CandidatesConfig = Field(default_factory=CandidatesConfig)
    objective: ObjectiveConfig = Field(default_factory=ObjectiveConfig)
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig)
    needs: NeedsConfig = Field(default_factory=NeedsConfig)


DEFAULT_PLUGINS: dict[str, str] = {
    section: getattr(Recipe(), section).plugin for section in ("retriever", "generator", "objective")
}
"""The sections that name a plugin, and which it is where a recipe names none."""

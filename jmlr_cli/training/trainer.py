"""The joint trainer: transformers' Trainer, taught about two models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch.distributed import new_group
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel
from transformers import Trainer, TrainerState, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME

from jmlr_cli import devices
from jmlr_cli.errors import DamagedError, InputError, MissingError
from jmlr_cli.modes import is_out_of_memory
from jmlr_cli.recipe.schema import TrainingConfig
from jmlr_cli.runs.checkpoints import drop_old, read_as_state, seal, written_whole
from jmlr_cli.training.candidates import Candidates
from jmlr_cli.training.dataset import EpochOrder, TrainingSet
from jmlr_cli.training.joint_step import JointModule, Turn
from jmlr_cli.training.meter import Meter
from jmlr_cli.training.outcome import JointLoss

WEIGHTS = "trainable.safetensors"
MEANS = ("lm_loss", "rank_loss", "rank_agreement", "nll_spread", "staleness", "cut_tokens", "guarded")
SMALLER = "Lower training.batch_size, candidates.sample, candidates.read or generator.context, or set gradient_checkpointing."


class JointTrainer(Trainer):
    """Minimises the joint loss, the mean over the questions of an optimizer step however they are split into batches
    and over devices; each model learns at its own rate."""

    loss_is_scaled_for_ga = True

    def __init__(self, module: JointModule, config: TrainingConfig, candidates: Candidates, **kwargs: Any) -> None:
        self._config = config
        self._candidates = candidates
        self._utilities = module.utilities
        self.generation: str | None = None
        super().__init__(model=module, data_collator=_collated, **kwargs)
        self._meter = Meter(self.args.world_size)
        self._sums = torch.zeros(2, len(MEANS) + 1, dtype=torch.float64)

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW with one group of parameters for each model and rate."""
        if self.optimizer is None:
            groups = parameter_groups(self.accelerator.unwrap_model(self.model), self._config)
            self.optimizer = torch.optim.AdamW(groups, lr=self._config.learning_rate, weight_decay=self._config.weight_decay)
        return self.optimizer

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochOrder:
        return EpochOrder(cast(TrainingSet, train_dataset or self.train_dataset))

    def _move_model_to_device(self, model: torch.nn.Module, device: torch.device) -> None:
        """Both models are where they belong already."""

    def _wrap_model(self, model: torch.nn.Module, training: bool = True, dataloader: Any = None) -> torch.nn.Module:
        """Where the language model's frozen weights are spread over the processes, only what learns is averaged over them."""
        if not (self._config.fsdp and training) or model is not self.model:
            return super()._wrap_model(model, training, dataloader)
        prepared = self.accelerator.prepare_model(model, device_placement=False, evaluation_mode=True)
        return averaged_over_processes(prepared)

    def train_from(self, checkpoint: Path | None) -> None:
        """Train to the end, on from a checkpoint. At the last step's checkpoint there is only its state to take up:
        transformers' Trainer would take one step more wherever the end is within an epoch."""
        state = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME)) if checkpoint else None
        if state and state.global_step >= state.max_steps:
            self._take_up(str(checkpoint), state)
        else:
            self.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    def _take_up(self, checkpoint: str, state: TrainerState) -> None:
        state.is_world_process_zero = self.is_world_process_zero()
        self.state = state
        self._load_from_checkpoint(checkpoint)
        self.callback_handler.on_train_begin(self.args, state, self.control)
        self.callback_handler.on_train_end(self.args, state, self.control)

    # -- a step

    @property
    def turn(self) -> Turn:
        """Which model learns in the present optimizer step."""
        if self._config.alternate is None:
            return "both"
        return "retriever" if self.state.global_step // self._config.alternate % 2 else "generator"

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """One forward and backward pass. Raises :class:`MissingError` when memory does not suffice."""
        try:
            return super().training_step(*args, **kwargs)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise MissingError(f"out of memory at step {self.state.global_step + 1}", SMALLER) from error

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """One batch's part of the joint loss: its questions' losses over the number of questions in the whole
        optimizer step. Raises :class:`InputError` when it is not a number."""
        before = self._candidates.guarded
        if self._utilities:
            self._utilities.step = self.state.global_step
        items = [self._candidates.fill(item) for item in inputs["items"]]
        outcome: JointLoss = model(items, self.turn)
        if not torch.isfinite(outcome.loss):
            raise self._diverged(f"the loss is {outcome.loss.item()}")
        self._remember(outcome, len(items), self._candidates.guarded - before)
        return outcome.loss * (len(items) * self.args.world_size / num_items_in_batch)

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> int:
        """How many questions an optimizer step has, over all its batches and devices."""
        count = torch.tensor(sum(len(batch["items"]) for batch in batch_samples), device=device)
        return int(self.accelerator.reduce(count, "sum"))

    def _get_grad_norm(self, model: torch.nn.Module, grad_norm: Any = None) -> Any:
        """The gradient's length. Raises :class:`InputError` when it is not a number, before a weight is spoilt by it."""
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        if self.accelerator.scaler is None and norm is not None and not torch.isfinite(torch.as_tensor(norm)):
            raise self._diverged(f"the gradient's length is {float(norm)}")
        return norm

    def _diverged(self, what: str) -> InputError:
        return InputError(
            f"{what} at step {self.state.global_step + 1}",
            "Train again with a lower training.learning_rate and training.retriever_learning_rate.",
        )

    # -- metrics

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add what was seen since the last line: means over questions, and what it cost."""
        alone = self.args.world_size == 1
        sums, counts = self._sums if alone else self.accelerator.reduce(self._sums.to(self.args.device), "sum").cpu()
        means = {name: (total / count).item() for name, total, count in zip(MEANS, sums, counts, strict=False) if count}
        tokens = sums[-1].item()
        self._sums.zero_()
        if "loss" in logs:
            kept = self._utilities.take_figures() if self._utilities else {}
            logs = {**logs, **means, **kept, **self._meter.read(self.state.global_step, self.state.max_steps, tokens)}
        super().log(logs, start_time)

    def start_meter(self) -> None:
        """Begin to measure, now that the trainer's state is that of its checkpoint."""
        self._meter.start(self.state.global_step, self.state.log_history)

    def _remember(self, outcome: JointLoss, questions: int, guarded: int) -> None:
        values = {"guarded": guarded / questions, "cut_tokens": outcome.cut_tokens / questions}
        for place, name in enumerate(MEANS):
            value = values[name] if name in values else getattr(outcome, name)
            if value is not None:
                self._sums[0, place] += torch.as_tensor(value).item() * questions
                self._sums[1, place] += questions
        self._sums[0, -1] += outcome.tokens

    # -- checkpoints

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Write a checkpoint and seal it; only then do older ones go."""
        folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
        with written_whole(folder):
            super()._save_checkpoint(model, trial)
            if self._utilities:
                self._utilities.save(self._utilities_file(folder))
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                seal(folder, self.generation)
        if self.args.should_save:
            drop_old(folder.parent, self._config.keep_checkpoints)

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        """Write what training changes, of both models, in one file."""
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        module = self.accelerator.unwrap_model(self.model)
        weights = {name: value.detach().contiguous() for name, value in module.named_parameters() if value.requires_grad}
        save_file(weights, folder / WEIGHTS)

    def _utilities_file(self, checkpoint: Path) -> Path:
        """Where this process keeps its utilities: each has the questions that it met."""
        return checkpoint / f"utilities-{self.args.process_index}.json"

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        with read_as_state(checkpoint):
            super()._load_optimizer_and_scheduler(checkpoint)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        with read_as_state(checkpoint):
            super()._load_rng_state(checkpoint)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        module = self.accelerator.unwrap_model(model or self.model)
        try:
            weights = load_file(Path(resume_from_checkpoint) / WEIGHTS)
        except Exception as error:  # safetensors raises its own kinds for missing and broken files
            raise DamagedError(
                f"the checkpoint {resume_from_checkpoint} cannot be read: {error}", "Remove it and resume again."
            ) from None
        module.load_state_dict(weights, strict=False)
        if self._utilities:
            self._utilities.load(self._utilities_file(Path(resume_from_checkpoint)))


def averaged_over_processes(module: torch.nn.Module) -> torch.nn.Module:
    """The module with gradients that are means over the processes. Weights that are spread are frozen, and left alone."""
    spread = [name for name, value in module.named_parameters() if isinstance(value, DTensor)]
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(module, spread)
    # a group of its own: in one group, the averages and the gathering of weights could meet in different orders
    return DistributedDataParallel(module, process_group=new_group(), find_unused_parameters=True)


def parameter_groups(module: JointModule, config: TrainingConfig) -> list[dict[str, Any]]:
    """The optimizer's groups: the language model's adapters at one rate, the retriever at another."""
    groups = []
    if module.train_generator:
        adapters = [value for value in module.generator_module.parameters() if value.requires_grad]
        groups.append({"params": adapters, "lr": config.learning_rate})
    if module.retriever:
        groups.extend(module.retriever.parameter_groups(config.retriever_learning_rate))
    return groups


def training_arguments(config: TrainingConfig, output: Path, steps_an_epoch: int, dtype: torch.dtype) -> TrainingArguments:
    """The Trainer's arguments for a recipe; ``dtype`` is what the forward pass computes in."""
    arguments = TrainingArguments(
        output_dir=str(output),
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.accumulate,
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule,
        warmup_steps=config.warmup,
        max_grad_norm=config.max_grad_norm,
        logging_steps=config.log_every,
        logging_nan_inf_filter=False,
        save_steps=config.save_every or max(steps_an_epoch, 1),
        seed=config.seed,
        bf16=dtype == torch.bfloat16,
        fp16=dtype == torch.float16,
        use_cpu=devices.device().type == "cpu",
        remove_unused_columns=False,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=True,
    )
    # one process uses one GPU, however many there are: torch's DataParallel, which transformers then takes, splits tensors only
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def _collated(items: Sequence[Any]) -> dict[str, Any]:
    return {"items": list(items)}

"""The joint trainer: transformers' Trainer, taught about two models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import Trainer, TrainingArguments

from jmlr_cli import devices
from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.recipe.schema import TrainingConfig
from jmlr_cli.training.joint_step import JointLoss, JointModule, TrainingItem

WEIGHTS = "trainable.safetensors"
LOGGED = ("lm_loss", "rank_loss", "rank_agreement", "nll_spread")


class JointTrainer(Trainer):
    """Minimises the joint loss; each model learns at its own rate."""

    def __init__(self, module: JointModule, config: TrainingConfig, **kwargs: Any) -> None:
        self._config = config
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)
        super().__init__(model=module, data_collator=_collated, **kwargs)

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW with one group of parameters for each model and rate."""
        if self.optimizer is None:
            groups = parameter_groups(self.accelerator.unwrap_model(self.model), self._config)
            self.optimizer = torch.optim.AdamW(groups, lr=self._config.learning_rate, weight_decay=self._config.weight_decay)
        return self.optimizer

    def compute_loss(
        self, model: torch.nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The joint loss of one batch. Raises :class:`InputError` when it is not a number."""
        outcome: JointLoss = model(inputs["items"])
        if not torch.isfinite(outcome.loss):
            raise InputError(
                f"the loss is {outcome.loss.item()} at step {self.state.global_step}",
                "Lower training.learning_rate and training.retriever_learning_rate, then train again.",
            )
        self._remember(outcome)
        return outcome.loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the means of the two losses since the last line."""
        for name, count in self._counts.items():
            logs[name] = self._sums[name] / count
        self._sums.clear()
        self._counts.clear()
        super().log(logs, start_time)

    def _remember(self, outcome: JointLoss) -> None:
        for name in LOGGED:
            value = getattr(outcome, name)
            if value is not None:
                self._sums[name] += value.item()
                self._counts[name] += 1
        self._sums["cut_tokens"] += outcome.cut_tokens
        self._counts["cut_tokens"] += 1

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        """Write what training changes, of both models, in one file."""
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        module = self.accelerator.unwrap_model(self.model)
        weights = {name: value.detach().contiguous() for name, value in module.named_parameters() if value.requires_grad}
        save_file(weights, folder / WEIGHTS)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        module = self.accelerator.unwrap_model(model or self.model)
        try:
            weights = load_file(Path(resume_from_checkpoint) / WEIGHTS)
        except Exception as error:  # safetensors raises its own kinds for missing and broken files
            raise DamagedError(
                f"the checkpoint {resume_from_checkpoint} cannot be read: {error}", "Remove it and resume again."
            ) from None
        module.load_state_dict(weights, strict=False)


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
    return TrainingArguments(
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
        save_total_limit=config.keep_checkpoints,
        seed=config.seed,
        bf16=dtype == torch.bfloat16,
        fp16=dtype == torch.float16,
        use_cpu=devices.device().type == "cpu",
        remove_unused_columns=False,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )


def _collated(items: Sequence[TrainingItem]) -> dict[str, Any]:
    return {"items": list(items)}

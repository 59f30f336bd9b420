"""The recipe's sections that plugins receive. Every key is documented where it stands."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A recipe section: immutable, and a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LoraConfig(Section):
    """Low-rank adapters (Hu et al. 2021, arXiv 2106.09685)."""

    r: int = Field(128, gt=0, description="Rank of the adapter matrices.")
    alpha: int = Field(256, gt=0, description="Scale of the adapter; the update is multiplied by alpha / r.")
    dropout: float = Field(0.05, ge=0, lt=1, description="Dropout before the adapter, in training only.")
    targets: tuple[str, ...] = Field(
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head"),
        description="Names of the linear layers that get an adapter.",
    )


class RetrieverConfig(Section):
    """The retriever: which plugin, from which weights, trained or frozen."""

    plugin: str = Field("colbert", description="Name of a retriever plugin (`jmlr plugins`).")
    checkpoint: str | None = Field(None, description="Its weights: a folder, a hub id or a name of `jmlr models`.")
    train: bool = Field(False, description="Whether joint training updates it.")
    lora: LoraConfig | None = Field(None, description="Train it through adapters instead of all its weights.")
    options: dict[str, Any] = Field(default_factory=dict, description="The plugin's own options.")


class GeneratorConfig(Section):
    """The language model: which plugin, from which weights, and how it is loaded."""

    plugin: str = Field("causal-lm", description="Name of a generator plugin (`jmlr plugins`).")
    model: str | None = Field(None, description="Its weights: a folder, a hub id, a .gguf file or a name of `jmlr models`.")
    train: bool = Field(True, description="Whether joint training updates it (through LoRA).")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Type of the frozen weights; auto is bfloat16 where the machine computes it natively."
    )
    trust_remote_code: bool = Field(
        False,
        description="Run the Python code that lies in the model's folder, where its architecture needs that. Such code can do "
        "whatever you can: read it first.",
    )
    context: int | None = Field(None, gt=0, description="Longest prompt in tokens; by default the model's own limit.")
    rope_scaling: dict[str, Any] | None = Field(
        None, description="RoPE scaling that stretches the context, in transformers' own words: {rope_type: linear, factor: 8.0}."
    )
    quantization: Literal["nf4", "int8"] | None = Field(
        None, description="Hold the frozen weights in 4 or 8 bits (QLoRA; bitsandbytes, in the extra `quantization`)."
    )
    lora: LoraConfig = Field(default_factory=LoraConfig, description="The adapters that training updates.")
    options: dict[str, Any] = Field(default_factory=dict, description="The plugin's own options.")

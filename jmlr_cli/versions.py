"""The installed versions of what decides a result."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "jmlr", "torch", "transformers", "peft", "accelerate", "bitsandbytes", "faiss-cpu", "faiss-gpu", "tokenizers", "numpy",
)  # fmt: skip


def package_versions() -> dict[str, str]:
    """The versions of what decides a result."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

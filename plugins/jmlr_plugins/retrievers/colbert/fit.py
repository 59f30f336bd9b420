"""How well a codebook fits the vectors that it compresses: those it was built for, and those that came later."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jmlr_cli.errors import DamagedError
from jmlr_cli.files import write_json
from jmlr_plugins.retrievers.storage.rows import REBUILD

TOO_FAR = 1.25
"""How many times the error of the vectors that came later may be that of those it was built for."""
ENOUGH = 0.02
"""The share of all vectors that must have come later before that says anything."""


@dataclass(frozen=True)
class Fit:
    """Token vectors and the sum of the squared distances between each and what its code stands for."""

    built_tokens: int = 0
    built_error: float = 0.0
    added_tokens: int = 0
    added_error: float = 0.0

    def with_more(self, tokens: int, error: float, later: bool = False) -> Fit:
        """With ``tokens`` more vectors that were compressed with the same codebook, when it was built or ``later``."""
        if later:
            return replace(self, added_tokens=self.added_tokens + tokens, added_error=self.added_error + error)
        return replace(self, built_tokens=self.built_tokens + tokens, built_error=self.built_error + error)

    @property
    def advice(self) -> str | None:
        """One sentence when the codebook no longer fits what was added, else None."""
        if not self.built_tokens or self.added_tokens < ENOUGH * (self.built_tokens + self.added_tokens):
            return None
        built, added = self.built_error / self.built_tokens, self.added_error / self.added_tokens
        if added <= TOO_FAR * built:
            return None
        return (
            f"the passages added since the index was built fit its compression badly (squared error {added:.3f} a token, "
            f"against {built:.3f} of those it was built for): build it anew"
        )

    def write(self, path: Path) -> None:
        """Write the file that :meth:`read` reads."""
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> Fit:
        """Read what :meth:`write` wrote; raises :class:`DamagedError` when it cannot be read."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise DamagedError(f"the index file {path} cannot be read: {error}", REBUILD) from error

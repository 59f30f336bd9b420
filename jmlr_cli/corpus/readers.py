"""Which reader reads which file ending."""

from __future__ import annotations

from dataclasses import dataclass

from jmlr_cli.contracts.reader import Reader
from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.plugins import Registry


@dataclass(frozen=True, slots=True)
class Readers:
    """The readers by file ending, and why others could not be had."""

    by_suffix: dict[str, Reader]
    broken: tuple[str, ...] = ()

    @property
    def suffixes(self) -> str:
        """The endings as a list for a user."""
        return ", ".join(sorted(self.by_suffix))


def load_readers(registry: Registry) -> Readers:
    """The readers that plugins offer. One that cannot be imported hurts nobody.

    Raises :class:`InputError` when two of them read one ending.
    """
    by_suffix: dict[str, Reader] = {}
    names: dict[str, str] = {}
    broken: list[str] = []
    for name in registry.names("reader"):
        try:
            reader = registry.get("reader", name)()
        except MissingError as error:
            broken.append(str(error))
            continue
        for suffix in map(str.lower, reader.suffixes):
            if suffix in names:
                raise InputError(
                    f"two readers read {suffix} files: {names[suffix]!r} and {name!r}",
                    "Uninstall one of their plugins (`jmlr plugins`).",
                )
            by_suffix[suffix], names[suffix] = reader, name
    return Readers(by_suffix, tuple(broken))

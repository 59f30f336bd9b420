"""Whether jmlr may use the network: not with ``--offline``, nor where ``JMLR_OFFLINE`` is set."""

from __future__ import annotations

import os

from jmlr_cli.errors import MissingError

VARIABLE = "JMLR_OFFLINE"
USER_NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")
"""Where Python looks for the user's name before it asks the system."""


def go_offline() -> None:
    """Use no network from now on, nor in the processes that this one starts. Must come before the hub's client is imported."""
    os.environ.update({VARIABLE: "1", "HF_HUB_OFFLINE": "1"})
    if not any(map(os.environ.get, USER_NAMES)):  # torch asks for it, and the system would tell it over a socket
        os.environ["LOGNAME"] = f"uid_{os.getuid()}"


def is_offline() -> bool:
    """Whether the network is not to be used."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def check_online(what: str) -> None:
    """Raise :class:`MissingError` where the network is not to be used; ``what`` is the thing that would need it."""
    if is_offline():
        raise MissingError(f"{what} needs the network, and jmlr is offline", f"Leave --offline out, and {VARIABLE} unset.")

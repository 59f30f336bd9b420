"""Where the server listens, and the token that clients must show there."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import secrets
import socket

from jmlr_cli.errors import InputError, UsageError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names that a browser on this machine may call the server. Any other one in a request's Host header was made to
lead here by somebody else (DNS rebinding)."""

TOKEN = re.compile(r"[!-~]{16,512}")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens at ``host`` and ``port``. Raises :class:`InputError` when that cannot be."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except socket.gaierror:
        raise InputError(f"{host!r} is no address of this machine", "Try --host 127.0.0.1, or 0.0.0.0 for all.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"port {port} of {host} is taken", "Choose another with --port; 0 takes a free one.") from None
        reason = (error.strerror or "it failed").lower()
        raise InputError(
            f"nothing can listen at {host}, port {port}: {reason}", "Choose others with --host and --port."
        ) from None


def token_for(variable: str | None, loopback: bool) -> str | None:
    """The token in an environment variable; without one a new token, or none on loopback."""
    if variable is None:
        return None if loopback else secrets.token_urlsafe(32)
    token = os.environ.get(variable, "")
    if not TOKEN.fullmatch(token):
        raise UsageError(
            f"the environment variable {variable} holds no token",
            "Set it to 16 or more letters, digits and signs, without spaces.",
        )
    return token


def url_of(host: str, port: int, token: str | None = None) -> str:
    """The page's address. The token stands where browsers keep it to themselves."""
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/" + (f"#token={token}" if token else "")

"""Ctrl-C, also where a library makes another error of it, or loses it.

Python raises KeyboardInterrupt wherever the main thread is. In a callback or a finaliser it is printed and forgotten, and a
library's native code may turn it into an error of its own. So what was asked for is remembered, and looked at again.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

_asked = threading.Event()


def listen() -> None:
    """From now on, remember Ctrl-C. A process that ignores it, or that somebody else listens for, is left so."""
    _asked.clear()
    ours = signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _heard)
    if ours and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _heard)


def asked() -> bool:
    """Whether Ctrl-C came."""
    return _asked.is_set()


def check() -> None:
    """Called between two pieces of work. Raises KeyboardInterrupt when Ctrl-C came and got lost."""
    if _asked.is_set():
        raise KeyboardInterrupt


def obeyed() -> None:
    """Forget Ctrl-C: what it was meant for has stopped, and the command goes on."""
    _asked.clear()


def _heard(number: int, frame: FrameType | None) -> None:
    _asked.set()
    signal.default_int_handler(number, frame)

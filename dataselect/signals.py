"""Signals that ask a run to stop: as an exception, held back where half done is worse than late."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from dataselect.errors import Interrupted

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_when_asked_to_stop() -> None:
    """Raise Interrupted in the main thread when a signal comes, from now on.

    One that is ignored stays ignored: `nohup` and background jobs count on that.
    """
    for each in _STOPPING:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _interrupt)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    for each in _STOPPING:
        signal.signal(each, signal.SIG_IGN)  # cleaning up is not interrupted again
    raise Interrupted(signum)


def end_by(signum: int) -> NoReturn:
    """End this process by a signal, so that the caller sees how it ended."""
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    raise SystemExit(128 + signum)  # a signal that is blocked comes late or never


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let signals wait until the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers run in the main thread only
        return
    came: list[int] = []
    ours = [each for each in _STOPPING if callable(signal.getsignal(each))]
    handlers = {each: signal.signal(each, lambda number, _: came.append(number)) for each in ours}
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        for number in came:
            signal.raise_signal(number)


@contextlib.contextmanager
def not_for_children() -> Iterator[None]:
    """Processes started in the block are deaf to what a terminal sends to all; this one is not.

    They end with this one.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""Signals that ask a run to stop: as an exception, held back where half done is worse than late."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

from dataselect.console import say
from dataselect.errors import Interrupted

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


_TWICE = 1.0  # seconds after which another signal is no copy: `timeout` sends each one twice

_asked_at: float | None = None
_clean_up: list[Callable[[], None]] = []


def before_a_signal_ends_us(action: Callable[[], None]) -> None:
    """Have something done before a signal ends this process."""
    _clean_up.append(action)


def raise_when_asked_to_stop() -> None:
    """Raise Interrupted in the main thread when a signal comes, from now on.

    One that is ignored stays ignored: `nohup` and background jobs count on that.
    """
    global _asked_at  # noqa: PLW0603  a state of the process, as signals are
    _asked_at = None
    _handle(_interrupt)


def end_when_asked_to_stop() -> None:
    """Let signals end this process at once, from now on."""
    _handle(signal.SIG_DFL)


def _handle(handler: Any) -> None:
    for each in _STOPPING:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, handler)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    global _asked_at  # noqa: PLW0603  as above
    if _asked_at is None:
        _asked_at = time.monotonic()
        if not _is_importing(frame):
            raise Interrupted(signum)
    elif time.monotonic() - _asked_at < _TWICE:
        return  # cleaning up is not interrupted by an echo
    end_by(signum)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being loaded: many a library loses exceptions there."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def end_by(signum: int) -> NoReturn:
    """Remove unfinished files and end this process by a signal, which its caller sees."""
    for each in _STOPPING:
        signal.signal(each, signal.SIG_IGN)
    for action in _clean_up:
        action()
    say(f"stopped by {signal.Signals(signum).name}; unfinished files are removed")
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    os._exit(128 + signum)  # a signal that is blocked comes late or never


@contextlib.contextmanager
def signals_deferred() -> Iterator[None]:
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


@contextlib.contextmanager
def on_death_of_a_child(check: Callable[[], None]) -> Iterator[None]:
    """In the main thread, call `check` whenever a child process ends: it may raise once, anywhere.

    So a run that waits for input still hears of it. Where somebody else listens, nothing is done;
    nor after a signal that asks this process to stop, for others may have got it, too.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGCHLD) is not signal.SIG_DFL:
        yield
        return
    has_raised = False

    def heed(*_: object) -> None:
        nonlocal has_raised
        if has_raised or _asked_at is not None:
            return
        try:
            check()
        except BaseException:
            has_raised = True
            raise

    signal.signal(signal.SIGCHLD, heed)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

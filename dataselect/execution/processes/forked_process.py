"""A process that is a copy of this one: at work at once, where a new one reads libraries first."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
import traceback
from typing import TYPE_CHECKING

from dataselect.interrupts import end_when_asked_to_stop

if TYPE_CHECKING:
    from collections.abc import Callable

# What a handler raises amid a fork is lost.
_RAISING = {signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD}
_SECONDS_BETWEEN = 0.005


def can_fork() -> bool:
    """Whether a copy can work: a thread of this process that holds a lock would be missing there.

    Numerical libraries start threads, unless they are told not to, as at our command line.
    """
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:  # not Linux; the libraries of macOS do not bear it
        return False


class ForkedProcess:
    """A copy of this process that does one thing, with the methods of `subprocess.Popen`.

    It ends at once where it is asked to, but is deaf to what a terminal sends to all.
    """

    def __init__(self, work: Callable[[], object], messages: int) -> None:
        """`messages`: a descriptor, for standard error. Raises OSError."""
        self.returncode: int | None = None
        self._is_asking = False
        for stream in sys.stdout, sys.stderr:  # nothing that waits there is to be written twice
            with contextlib.suppress(AttributeError, ValueError, OSError):
                stream.flush()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _RAISING)
        try:
            self.pid = os.fork()
            if not self.pid:
                _be(work, messages)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        return self._wait(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when it has ended. Raises subprocess.TimeoutExpired."""
        if timeout is None:
            while (code := self._wait(0)) is None:
                pass
            return code
        end = time.monotonic() + timeout
        while (code := self._wait(os.WNOHANG)) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(sys.argv[0], timeout)
            time.sleep(_SECONDS_BETWEEN)
        return code

    def _wait(self, how: int) -> int | None:
        if self.returncode is None and not self._is_asking:  # a signal handler asks, too
            self._is_asking = True
            try:
                process, status = os.waitpid(self.pid, how)
            except ChildProcessError:  # somebody else has waited for it
                process, status = self.pid, 0
            finally:
                self._is_asking = False
            if process:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def kill(self) -> None:
        """End it, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def _be(work: Callable[[], object], messages: int) -> None:
    """Be the copy: nothing of what this process was about to do is done here."""
    code = 1
    try:
        gc.freeze()  # what it shares with the other stays as it is, also in memory
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        end_when_asked_to_stop()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(messages, 2)
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115  until the end
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)

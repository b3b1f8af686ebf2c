"""A worker as its owner sees it: requests go out, answers come in, and nothing waits for it."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
from collections import deque
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from dataselect.errors import WorkerError
from dataselect.execution.processes.forked_process import ForkedProcess
from dataselect.execution.processes.messages import HEADER
from dataselect.execution.processes.worker_process import serve
from dataselect.interrupts import not_for_children
from dataselect.numerical_libraries import limit_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dataselect.execution.processes.messages import Slots

_PATIENCE = 1.0  # seconds for a process to end whose socket has ended
_LONGEST_MESSAGES = 1 << 16  # bytes of what workers say


class Answer(NamedTuple):
    """An answer that has come: to the request with this number, its bytes or how many of a slot."""

    ticket: int
    body: bytearray | int


class Worker:
    """A worker process."""

    def __init__(self, messages: BinaryIO) -> None:
        """`messages`: a file for what it says."""
        self.tickets: deque[int] = deque()
        self._messages = messages
        self._unsent: deque[memoryview] = deque()
        self._head, self._body = bytearray(HEADER.size), bytearray()
        self._view = memoryview(self._head)
        self.socket, self._theirs = socket.socketpair()
        self.socket.setblocking(False)

    def fork(self, task: bytes, slots: Slots, others: Sequence[Worker]) -> None:
        """Start it as a copy of this process. Raises OSError."""

        def work() -> None:
            for other in [*others, self]:  # so that a worker hears when its owner is gone
                other.socket.close()
            serve(self._theirs, task, slots)

        with self._theirs:
            self.process: ForkedProcess | subprocess.Popen[bytes] = ForkedProcess(
                work, self._messages.fileno()
            )

    def spawn(self, task: int, slots: Slots) -> None:
        """Start it as a new process; `task`: the descriptor of a file. Raises OSError."""
        descriptors = self._theirs.fileno(), task, *slots.descriptors
        code = (
            f"import sys; sys.path[:] = {[each for each in sys.path if isinstance(each, str)]!r}; "
            "from dataselect.execution.processes.worker_process import spawn_main; "
            f"spawn_main{descriptors}"
        )
        command = [sys.executable, *_interpreter_flags(), "-c", code]
        environment = dict(os.environ)
        limit_threads(environment)
        with self._theirs, not_for_children():
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stderr=self._messages,
                pass_fds=descriptors,
            )

    @property
    def events(self) -> int:
        """What to wait for."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    def give(self, ticket: int, message: bytes) -> None:
        """Take one more request, and send what can be sent now. Raises WorkerError."""
        self.tickets.append(ticket)
        self._unsent.append(memoryview(message))
        self.send()

    def send(self) -> None:
        """Send as much as can be sent now. Raises WorkerError."""
        try:
            while self._unsent:
                sent = self.socket.send(self._unsent[0])
                self._unsent[0] = self._unsent[0][sent:]
                if not self._unsent[0]:
                    self._unsent.popleft()
        except BlockingIOError:
            pass
        except ConnectionError:
            raise self.death() from None

    def answers(self) -> Iterator[Answer]:
        """Yield the answers that have come. Raises WorkerError."""
        try:
            while received := self.socket.recv_into(self._view):
                self._view = self._view[received:]
                if self._view:
                    continue
                if self._body:
                    yield Answer(self.tickets.popleft(), self._body)
                    self._body, self._view = bytearray(), memoryview(self._head)
                    continue
                size, _, is_in_slot = HEADER.unpack(self._head)
                if is_in_slot:
                    yield Answer(self.tickets.popleft(), size)
                    self._view = memoryview(self._head)
                else:
                    self._body = bytearray(size)
                    self._view = memoryview(self._body)
        except BlockingIOError:
            return
        except ConnectionError:
            pass
        raise self.death()

    def death(self) -> WorkerError:
        """What to say of the process, whose socket has ended or which has ended itself."""
        try:
            code = self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        said = messages_of(self._messages).rstrip().rpartition("\n")[2]
        said = f": {said}" if said else ""
        if code == -signal.SIGKILL:
            return WorkerError(
                "a worker process was killed, perhaps for want of memory; "
                "run again with fewer --jobs"
            )
        if code < 0:
            name = signal.Signals(-code).name
            return WorkerError(f"a worker process was killed by {name}{said}; run again")
        return WorkerError(
            f"a worker process ended with exit code {code}{said}; run again with fewer --jobs"
        )


def messages_of(file: BinaryIO) -> str:
    """What workers have written to standard error."""
    size = os.fstat(file.fileno()).st_size
    start = max(0, size - _LONGEST_MESSAGES)
    return os.pread(file.fileno(), size - start, start).decode(errors="replace")


def _interpreter_flags() -> list[str]:
    """Options of this interpreter, such as -W and -X, as multiprocessing passes them on."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
    return flags

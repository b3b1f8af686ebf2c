"""An ordered map over processes in which nothing waits for a process that is dead.

Each worker has a socket of its own, which the parent only reads and writes as far as it can
without waiting; there is no lock or queue that a dying worker could leave shut.
"""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
from collections import deque
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from dataselect.data.temporary_files import TemporaryFile
from dataselect.errors import WorkerError
from dataselect.execution.processes.worker_process import SIZE, refuse_in_a_program_that_is_read
from dataselect.interrupts import not_for_children, on_death_of_a_child
from dataselect.threads import limit_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from typing_extensions import Self

Item = TypeVar("Item")
Result = TypeVar("Result")

_WAITING_PER_WORKER = 3  # blocks in flight: enough that no worker waits, few enough to stay small
_GIVEN_PER_WORKER = 2  # of them, so that a slow one delays no more than one other
_PATIENCE = 1.0  # seconds for a process to end whose socket has ended
_LONGEST_MESSAGES = 1 << 16  # bytes of what workers say
_OF_THE_PROGRAM = ("init_main_from_name", "init_main_from_path", "sys_argv", "dir", "orig_dir")


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Generator[Result, None, None]:
    """Map in `jobs` processes (1: this one), results in the order of `items`, a few in flight.

    `function` is pickled, into a file. Raises WorkerError if a process dies, also while the
    main thread waits for an item; and what `function` raises.
    """
    if jobs == 1:
        yield from map(function, items)
        return
    refuse_in_a_program_that_is_read()
    with _Pool(function) as pool, on_death_of_a_child(pool.check):
        pool.start(jobs)
        for item in items:
            pool.submit(item)
            while len(pool.tickets) >= jobs * _WAITING_PER_WORKER:
                yield pool.next_result()
        while pool.tickets:
            yield pool.next_result()
        pool.pass_messages_on()


class _Worker:
    """A worker process; nothing here waits for it."""

    def __init__(self, task: int, messages: BinaryIO) -> None:
        """Descriptor of what the worker is to do, and a file for what it says.

        Raises OSError.
        """
        self.tickets: deque[int] = deque()
        self._messages = messages
        self._unsent: deque[memoryview] = deque()
        self._head, self._body = bytearray(SIZE.size), bytearray()
        self._view = memoryview(self._head)
        self.socket, theirs = socket.socketpair()
        self.socket.setblocking(False)
        descriptors = theirs.fileno(), task
        # New, not forked: forking a process that has run numerical threads can deadlock.
        code = (
            f"import sys; sys.path[:] = {[each for each in sys.path if isinstance(each, str)]!r}; "
            "from dataselect.execution.processes.worker_process import spawn_main; "
            f"spawn_main{descriptors}"
        )
        command = [sys.executable, *_interpreter_flags(), "-c", code]
        environment = dict(os.environ)
        limit_threads(environment)
        with theirs, not_for_children():
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stderr=messages,
                pass_fds=descriptors,
            )

    @property
    def events(self) -> int:
        """What to wait for."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    def give(self, ticket: int, data: bytes) -> None:
        """Take one more request, which `send` sends."""
        self.tickets.append(ticket)
        self._unsent += [memoryview(SIZE.pack(len(data))), memoryview(data)]

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

    def answers(self) -> Iterator[tuple[int, bytearray]]:
        """Yield each ticket whose answer has come, and the answer. Raises WorkerError."""
        try:
            while received := self.socket.recv_into(self._view):
                self._view = self._view[received:]
                if self._view:
                    continue
                if self._body:
                    yield self.tickets.popleft(), self._body
                    self._body, self._view = bytearray(), memoryview(self._head)
                else:
                    self._body = bytearray(*SIZE.unpack(self._head))
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
        said = _messages_of(self._messages).rstrip().rpartition("\n")[2]
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


def _messages_of(file: BinaryIO) -> str:
    """What workers have written to standard error."""
    size = os.fstat(file.fileno()).st_size
    start = max(0, size - _LONGEST_MESSAGES)
    return os.pread(file.fileno(), size - start, start).decode(errors="replace")


def _interpreter_flags() -> list[str]:
    """Options of this interpreter, such as -W and -X, as multiprocessing passes them on."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
    return flags


class _Pool:
    """Workers, and what they have to do."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._todo: deque[tuple[int, bytes]] = deque()
        self._done: dict[int, bytearray] = {}
        self._number = 0
        self._files = ExitStack()
        self.tickets: deque[int] = deque()
        """Numbers of the items whose results nobody has asked for, in order."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers, which have nothing to lose."""
        ended, self._workers = self._workers, []
        for worker in ended:
            worker.socket.close()
            worker.process.kill()
        for worker in ended:
            worker.process.wait()
        self._selector.close()
        self._files.close()

    def start(self, jobs: int) -> None:
        """Start the workers. Raises WorkerError, and OutputError where a disk is full."""
        from multiprocessing.spawn import get_preparation_data

        found = get_preparation_data("worker")
        program = {name: found[name] for name in _OF_THE_PROGRAM if name in found}
        task = TemporaryFile("starting workers")
        self._files.enter_context(task.file)
        self._messages = self._files.enter_context(TemporaryFile("starting workers").file)
        try:
            pickle.dump(program, task)
            pickle.dump(self._function, task, pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise WorkerError(f"workers cannot be told what to do ({error}); use one job") from None
        for _ in range(jobs):
            try:
                worker = _Worker(task.file.fileno(), self._messages)
            except OSError as error:
                why = error.strerror or str(error)
                raise WorkerError(
                    f"a worker process cannot be started ({why}); run again with fewer --jobs"
                ) from None
            self._workers.append(worker)
            self._selector.register(worker.socket, worker.events, worker)
        self.check()

    def check(self) -> None:
        """Raise WorkerError where a worker has died."""
        for worker in self._workers:
            if worker.process.poll() is not None:
                raise worker.death()

    def submit(self, item: Any) -> None:
        """Take one more item."""
        self._todo.append((self._number, pickle.dumps(item, pickle.HIGHEST_PROTOCOL)))
        self.tickets.append(self._number)
        self._number += 1
        self._exchange(0)

    def next_result(self) -> Any:
        """The earliest result that nobody has asked for. Raises WorkerError, and what it raised."""
        while self.tickets[0] not in self._done:
            self._exchange(None)
        answer = self._done.pop(self.tickets.popleft())
        works, result, *trace = pickle.loads(answer)  # noqa: S301  from a worker
        if not works:
            raise result from _RemoteError(*trace)
        return result

    def _exchange(self, seconds: float | None) -> None:
        """Send requests and take answers; where there is nothing to do, wait so long."""
        self._send()
        for key, _ in self._selector.select(seconds):
            self._done.update(key.data.answers())
        self._send()

    def _send(self) -> None:
        while self._todo:
            worker = min(self._workers, key=lambda each: len(each.tickets))
            if len(worker.tickets) >= _GIVEN_PER_WORKER:
                break
            worker.give(*self._todo.popleft())
        for worker in self._workers:
            worker.send()
            self._selector.modify(worker.socket, worker.events, worker)

    def pass_messages_on(self) -> None:
        """Show what workers wrote to standard error, warnings of libraries."""
        if sys.stderr is not None:
            sys.stderr.write(_messages_of(self._messages))


class _RemoteError(Exception):
    """Shows where an error was raised in a worker."""

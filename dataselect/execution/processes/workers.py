"""An ordered map over processes in which nothing waits for a process that is dead.

Each worker has a socket of its own, which the parent only reads and writes as far as it can
without waiting; there is no lock or queue that a dying worker could leave shut.
"""

from __future__ import annotations

import io
import pickle
import selectors
import sys
from collections import deque
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from dataselect.data.files.temporary_files import TemporaryFile
from dataselect.errors import WorkerError
from dataselect.execution.processes.forked_process import can_fork
from dataselect.execution.processes.messages import Slots, unpack
from dataselect.execution.processes.worker import Worker, messages_of
from dataselect.execution.processes.worker_process import refuse_in_a_program_that_is_read
from dataselect.interrupts import on_death_of_a_child

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from typing_extensions import Self

Item = TypeVar("Item")
Result = TypeVar("Result")

_WAITING_PER_WORKER = 3  # blocks in flight: enough that no worker waits, few enough to stay small
_GIVEN_PER_WORKER = 2  # of them, so that a slow one delays no more than one other
_SPARE_FILES = 16  # more than this process and each worker open at a time, its sockets aside
_OF_THE_PROGRAM = ("init_main_from_name", "init_main_from_path", "sys_argv", "dir", "orig_dir")


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Generator[Result, None, None]:
    """Map in `jobs` processes (1: this one), results in the order of `items`, a few in flight.

    `function` is pickled, also for workers that are copies of this process: they share no file
    or process that it holds. Bytes that a result pickles as PickleBuffer are views of memory that
    is used again once the next result is asked for. Raises WorkerError if a process dies, also
    while the main thread waits for an item; and what `function` raises.
    """
    if jobs == 1:
        yield from map(function, items)
        return
    refuse_in_a_program_that_is_read()
    with _Pool(function, jobs) as pool, on_death_of_a_child(pool.check):
        pool.start()
        for item in items:
            pool.submit(item)
            while pool.is_full:
                yield pool.next_result()
        while pool.tickets:
            yield pool.next_result()
        pool.pass_messages_on()


class _Pool:
    """Workers, and what they have to do."""

    def __init__(self, function: Callable[[Any], Any], jobs: int) -> None:
        self._function, self._jobs = function, jobs
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()
        self._todo: deque[tuple[int, bytes]] = deque()
        self._done: dict[int, bytearray | int] = {}
        self._number = 0
        self._files = ExitStack()
        self._size = jobs * _WAITING_PER_WORKER
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

    @property
    def is_full(self) -> bool:
        """Whether a result is to be taken before one more item is."""
        return len(self.tickets) >= self._size

    def start(self) -> None:
        """Start the workers. Raises WorkerError, and OutputError where a disk is full."""
        self._messages = self._temporary().file
        self._slots = Slots.new(self._size, self._jobs + _SPARE_FILES)
        self._files.callback(self._slots.close)
        start = self._forking() if can_fork() else self._spawning()
        for _ in range(self._jobs):
            try:
                worker = self._started(start)
            except OSError as error:
                why = error.strerror or str(error)
                raise WorkerError(
                    f"a worker process cannot be started ({why}); run again with fewer --jobs"
                ) from None
            self._workers.append(worker)
            self._selector.register(worker.socket, worker.events, worker)
        self.check()

    def _started(self, start: Callable[[Worker], None]) -> Worker:
        """A worker that runs. Raises OSError."""
        worker = Worker(self._messages)
        try:
            start(worker)
        except OSError:
            worker.socket.close()
            raise
        return worker

    def _temporary(self) -> TemporaryFile:
        found = TemporaryFile("starting workers")
        self._files.enter_context(found.file)
        return found

    def _forking(self) -> Callable[[Worker], None]:
        task = io.BytesIO()
        self._write_task(task, {})
        return lambda worker: worker.fork(task.getvalue(), self._slots, self._workers)

    def _spawning(self) -> Callable[[Worker], None]:
        from multiprocessing.spawn import get_preparation_data

        found = get_preparation_data("worker")
        task = self._temporary()
        self._write_task(task, {name: found[name] for name in _OF_THE_PROGRAM if name in found})
        return lambda worker: worker.spawn(task.file.fileno(), self._slots)

    def _write_task(self, file: TemporaryFile | BinaryIO, program: dict[str, Any]) -> None:
        """Write what a worker is to do, and the program that may be needed for it."""
        try:
            pickle.dump(program, file)
            pickle.dump(self._function, file, pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise WorkerError(f"workers cannot be told what to do ({error}); use one job") from None

    def check(self) -> None:
        """Raise WorkerError where a worker has died."""
        for worker in self._workers:
            if worker.process.poll() is not None:
                raise worker.death()

    def submit(self, item: Any) -> None:
        """Take one more item."""
        body = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        slot = self._number % self._size
        self._slots.release(slot)
        self._todo.append((self._number, self._slots.message(slot, [body])))
        self.tickets.append(self._number)
        self._number += 1
        self._give()
        self._exchange(0)

    def next_result(self) -> Any:
        """The earliest result that nobody has asked for. Raises WorkerError, and what it raised."""
        while self.tickets[0] not in self._done:
            self._exchange(None)
        ticket = self.tickets.popleft()
        slot, body = ticket % self._size, self._done.pop(ticket)
        answer = self._slots.view(slot, body) if isinstance(body, int) else body
        works, result, *trace = unpack(answer)
        if not works:
            raise result from _RemoteError(*trace)
        return result

    def _exchange(self, seconds: float | None) -> None:
        """Take answers and send requests; where there is nothing to do, wait so long."""
        for key, events in self._selector.select(seconds):
            worker: Worker = key.data
            if events & selectors.EVENT_WRITE:
                worker.send()
            self._done.update(worker.answers())
            self._watch(worker)
        self._give()

    def _give(self) -> None:
        """Give requests to workers that have few."""
        while self._todo:
            worker = min(self._workers, key=lambda each: len(each.tickets))
            if len(worker.tickets) >= _GIVEN_PER_WORKER:
                break
            worker.give(*self._todo.popleft())
            self._watch(worker)

    def _watch(self, worker: Worker) -> None:
        if self._selector.get_key(worker.socket).events != worker.events:
            self._selector.modify(worker.socket, worker.events, worker)

    def pass_messages_on(self) -> None:
        """Show what workers wrote to standard error, warnings of libraries."""
        if sys.stderr is not None:
            sys.stderr.write(messages_of(self._messages))


class _RemoteError(Exception):
    """Shows where an error was raised in a worker."""

"""An ordered map over processes that notices when one of them dies."""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from dataselect.errors import WorkerError
from dataselect.signals import held, not_for_children

Item = TypeVar("Item")
Result = TypeVar("Result")

_WAITING_PER_WORKER = 3  # blocks in flight: enough that no worker waits, few enough to stay small

_function: Callable[[Any], Any]


def _start(function: Callable[[Any], Any]) -> None:
    global _function  # noqa: PLW0603  one function a process, sent once instead of with every block
    _function = function
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _call(item: Any) -> Any:
    return _function(item)


def _refuse_unreadable_program() -> None:
    """Raise WorkerError where the running program cannot be read again, as new processes must.

    Python would start workers that die at once, and wait for them for ever.
    """
    program = sys.modules["__main__"]
    path = getattr(program, "__file__", None)
    if getattr(program, "__spec__", None) is None and path and not os.path.exists(path):
        raise WorkerError(f"{path}: workers cannot read this program; save it, or use one job")


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Generator[Result, None, None]:
    """Map in `jobs` processes (1: this one), results in the order of `items`, a few in flight.

    Raises WorkerError if a process is killed. `function` is pickled.
    """
    if jobs == 1:
        yield from map(function, items)
        return
    _refuse_unreadable_program()
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # "spawn": forking a process that has run numerical threads can deadlock.
    # A signal that came while a process is started would leave one behind that nobody ends.
    with held(), not_for_children():
        pool = ProcessPoolExecutor(
            jobs, get_context("spawn"), initializer=_start, initargs=(function,)
        )
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            with held(), not_for_children():
                waiting.append(pool.submit(_call, item))
            if len(waiting) >= jobs * _WAITING_PER_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise WorkerError(
            "a worker process was killed, perhaps for want of memory; run again with fewer --jobs"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)

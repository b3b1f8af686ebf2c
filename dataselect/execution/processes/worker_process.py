"""The worker's side of `ordered_map`: a process that answers requests until its socket ends."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import pickle
import socket
import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn

from dataselect.address_space import is_for_want_of_memory, prepare_for_a_limit
from dataselect.allocator import keep_freed_memory
from dataselect.errors import DataselectError, WorkerError
from dataselect.execution.processes.messages import HEADER, Slots, pack, unpack

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_program_is_read = False


def refuse_in_a_program_that_is_read() -> None:
    """Raise WorkerError in a worker that reads the main program, which starts workers anew."""
    if _program_is_read:
        raise WorkerError(
            "workers read this program, which starts workers while it is read; put what it runs "
            "under `if __name__ == '__main__':`"
        )


def spawn_main(link: int, task: int, *slots: int) -> NoReturn:
    """The main function of a new process. Descriptors: a socket, a file to map, shared memory."""
    prepare_for_a_limit()
    keep_freed_memory()
    connection = socket.socket(fileno=link)
    with mmap.mmap(task, 0, access=mmap.ACCESS_READ) as file:
        serve(connection, file, Slots(slots))


def serve(connection: socket.socket, task: bytes | mmap.mmap, slots: Slots) -> NoReturn:
    """Answer requests until the socket ends.

    `task` holds two pickles: how to read the main program, and the function to apply. A request
    is a pickled item, its answer a packed (True, result) or (False, error, traceback).
    """
    requests: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
    # Where the owner is gone the socket ends, and the process with it, whatever it is doing.
    threading.Thread(target=_receive, args=(connection, slots, requests), daemon=True).start()
    file = io.BytesIO(task) if isinstance(task, bytes) else task
    program = pickle.load(file)  # noqa: S301  from the owner
    function = _loaded(file, program)
    while True:
        slot, request = requests.get()
        answer = slots.message(slot, _answer(function, program, request))
        with contextlib.suppress(ConnectionError):  # the thread ends the process
            connection.sendall(answer)


def _receive(
    connection: socket.socket, slots: Slots, requests: SimpleQueue[tuple[int, bytes]]
) -> NoReturn:
    """Receive requests, and end the process when the socket ends."""
    try:
        while True:
            size, slot, is_in_slot = HEADER.unpack(_exactly(connection, HEADER.size))
            requests.put(
                (slot, slots.body(slot, size) if is_in_slot else _exactly(connection, size))
            )
    except (EOFError, ConnectionError):
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        received = connection.recv_into(view)
        if not received:
            raise EOFError
        view = view[received:]
    return bytes(data)


class _Unpickler(pickle.Unpickler):
    """Reads the main program when something of it is asked for, and never otherwise.

    So a program without a guard on its name works as long as workers need nothing of it.
    """

    def __init__(self, file: Any, program: dict[str, Any]) -> None:
        super().__init__(file)
        self._program = program

    def find_class(self, module: str, name: str) -> Any:
        if module == "__main__" and self._program:
            _read_program(self._program)
        return super().find_class(module, name)


def _read_program(program: dict[str, Any]) -> None:
    global _program_is_read  # noqa: PLW0603  a state of the process
    from multiprocessing.spawn import prepare

    path = program.get("init_main_from_path")
    if path is not None and not os.path.exists(path):
        raise WorkerError(f"{path}: workers cannot read this program; save it, or use one job")
    _program_is_read = True
    try:
        prepare(program)
    finally:
        _program_is_read = False
    program.clear()


def _loaded(file: Any, program: dict[str, Any]) -> Callable[[Any], Any]:
    """The function to apply, or one that raises why there is none."""
    try:
        function: Callable[[Any], Any] = _Unpickler(file, program).load()
    except DataselectError as error:
        return _raiser(error)
    except BaseException as error:  # a program may do anything while it is read
        if is_for_want_of_memory(error):
            return _raiser(MemoryError())
        return _raiser(
            WorkerError(
                f"a worker process cannot load what it is to do ({_described(error)}); put it in "
                "a module, or use one job"
            )
        )
    return function


def _raiser(error: BaseException) -> Callable[[Any], Any]:
    def fail(_: Any) -> NoReturn:
        raise error

    return fail


def _answer(
    function: Callable[[Any], Any], program: dict[str, Any], request: bytes
) -> list[Buffer]:
    try:
        result = function(_Unpickler(io.BytesIO(request), program).load())
    except Exception as error:
        return _failure(error)
    except BaseException as error:  # SystemExit: the run must not end with its code
        return _failure(WorkerError(f"a worker process was ended by {_described(error)}"))
    try:
        return pack((True, result))
    except MemoryError as error:
        return _failure(error)
    except Exception as error:
        return _failure(WorkerError(f"a worker's result cannot be sent ({_described(error)})"))


def _failure(error: Exception) -> list[Buffer]:
    """An error as an answer; one that does not survive pickling is described by another."""
    trace = "".join(traceback.format_exception(error))
    try:
        answer = pack((False, error, trace))
        unpack(b"".join(answer))
    except Exception:
        return pack((False, WorkerError(f"a worker failed ({_described(error)})"), trace))
    return answer


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ").partition("\n")[0]

"""Workers: whatever becomes of them, the map ends, with results or one clear error."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataselect.errors import InputError, WorkerError
from dataselect.execution.processes import workers
from dataselect.execution.processes.messages import Slots
from dataselect.execution.processes.workers import ordered_map

JOBS = 2
LARGE = 3 << 20  # bytes: more than a socket takes


class Task:
    """Applied to numbers, it does one of several things to the tenth."""

    def __init__(self, fate: str, large: bytes = b"") -> None:
        self.fate, self.large = fate, large

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        if self.fate == "fails to load":
            raise ValueError("not here")
        if self.fate == "fails to load with an error of ours":
            raise InputError("file:1: gone; bring it back")
        if self.fate == "is killed while it loads":
            os.kill(os.getpid(), signal.SIGKILL)

    def __call__(self, number: int) -> object:
        if number != 10:
            return number if self.fate != "is large" else bytes(LARGE) + b"%d" % number
        match self.fate:
            case "is killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "is asked to end":
                os.kill(os.getpid(), signal.SIGTERM)
            case "leaves":
                os.write(2, b"some library: no memory left\n")
                os._exit(3)
            case "exits":
                sys.exit(0)
            case "has no memory":
                raise MemoryError
            case "raises":
                raise InputError("file:1: wrong; mend it")
            case "raises what cannot be pickled":
                raise Unpicklable(threading.Lock())
            case "returns what cannot be pickled":
                return threading.Lock()
        return number


class Unpicklable(Exception):
    pass


FATES: dict[str, tuple[type[BaseException], str]] = {
    "fails to load": (WorkerError, "cannot load what it is to do (ValueError: not here)"),
    "fails to load with an error of ours": (InputError, "file:1: gone; bring it back"),
    "is killed while it loads": (WorkerError, "was killed, perhaps for want of memory"),
    "is killed": (WorkerError, "was killed, perhaps for want of memory"),
    "is asked to end": (WorkerError, "was killed by SIGTERM"),
    "leaves": (WorkerError, "ended with exit code 3: some library: no memory left;"),
    "exits": (WorkerError, "was ended by SystemExit: 0"),
    "has no memory": (MemoryError, ""),
    "raises": (InputError, "file:1: wrong; mend it"),
    "raises what cannot be pickled": (WorkerError, "failed (Unpicklable: "),
    "returns what cannot be pickled": (WorkerError, "result cannot be sent (TypeError: "),
}


@pytest.fixture(params=["new processes", "copies of this process"])
def started(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    forks = request.param != "new processes"  # although pytest has threads
    monkeypatch.setattr(workers, "can_fork", lambda: forks)


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("fate", FATES)
def test_what_becomes_of_a_worker_becomes_an_error(fate: str) -> None:
    kind, words = FATES[fate]
    with pytest.raises(kind) as caught:
        list(ordered_map(Task(fate), range(40), JOBS))
    assert words in str(caught.value)
    assert signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("has_slots", [True, False])
def test_results_come_in_order_whatever_their_size(
    has_slots: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_slots:
        monkeypatch.setattr(Slots, "new", lambda *_: Slots([]))
    found = list(ordered_map(Task("is large", bytes(LARGE)), range(9), JOBS))
    assert [bytes(each[LARGE:]) for each in found] == [b"%d" % number for number in range(9)]  # type: ignore[index]


def test_items_that_are_larger_than_a_socket_reach_workers_that_are_not_ready() -> None:
    items = [bytes(LARGE) for _ in range(2 * JOBS)]
    assert list(ordered_map(len, items, JOBS)) == [LARGE] * len(items)


@contextlib.contextmanager
def files_left(count: int) -> Iterator[None]:
    """Let this process open so many files more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1 + count, before[1]))
    taken: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(2))
        for _ in range(count):
            os.close(taken.pop())
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("started")
def test_shared_memory_leaves_files_to_be_opened() -> None:
    with files_left(9):  # enough for the workers alone, or for the memory alone
        assert list(ordered_map(Task("is well"), range(20), JOBS)) == list(range(20))


@pytest.mark.usefixtures("started")
def test_too_few_files_for_workers_are_an_error_that_says_so() -> None:
    with files_left(4), pytest.raises(WorkerError, match=r"cannot be started \(Too many open"):
        list(ordered_map(Task("is well"), range(20), JOBS))


def test_a_dead_worker_is_noticed_while_there_is_nothing_to_read() -> None:
    reading, writing = os.pipe()

    def items() -> Iterator[int]:
        yield 10  # the first, which is sent at once; more than workers take would wait here
        os.read(reading, 1)  # nobody writes

    try:
        with pytest.raises(WorkerError, match="was killed"):
            list(ordered_map(Task("is killed"), items(), JOBS))
    finally:
        os.close(reading)
        os.close(writing)


def test_a_function_that_cannot_be_pickled_is_refused() -> None:
    with pytest.raises(WorkerError, match="cannot be told what to do"):
        list(ordered_map(lambda number: number, range(3), JOBS))


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM], ids=lambda sent: sent.name)
@pytest.mark.parametrize("after", [0.0, 0.02, 0.1, 0.3])
def test_a_worker_that_is_killed_while_it_starts_is_noticed(
    sent: signal.Signals, after: float
) -> None:
    def children() -> set[int]:
        path = Path(f"/proc/self/task/{threading.get_native_id()}/children")
        return {int(each) for each in path.read_text().split()}

    others = children()  # which other tests have started, or their libraries

    def kill_one() -> Iterator[int]:
        time.sleep(after)
        os.kill(min(children() - others), sent)
        yield from range(20)

    with pytest.raises(WorkerError, match="was killed"):
        list(ordered_map(len_of, kill_one(), JOBS))


def len_of(number: int) -> int:
    return len(str(number))


THREADED = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
OF_A_MODULE = """
from dataselect.execution.processes.workers import ordered_map
print(list(ordered_map(len, ["ab", "c"], 2)))
"""
OF_THE_PROGRAM = """
from dataselect.execution.processes.workers import ordered_map
def twice(number): return 2 * number
print(list(ordered_map(twice, [1, 2], 2)))
"""
GUARDED = OF_THE_PROGRAM.replace("print", "if __name__ == '__main__': print")


def run_program(program: str, path: Path | None = None) -> tuple[int, str, str]:
    if path is not None:
        path.write_text(program)
    done = subprocess.run(
        [sys.executable, path or "-"],
        input="" if path else program,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.strip().rpartition("\n")[2]


def test_a_program_is_not_read_again_by_copies_of_its_process(tmp_path: Path) -> None:
    assert run_program(OF_A_MODULE) == (0, "[2, 1]\n", "")
    assert run_program(OF_THE_PROGRAM) == (0, "[2, 4]\n", "")
    assert run_program(OF_THE_PROGRAM, tmp_path / "program.py") == (0, "[2, 4]\n", "")


def test_a_program_need_not_be_read_again_for_functions_of_modules(tmp_path: Path) -> None:
    assert run_program(THREADED + OF_A_MODULE) == (0, "[2, 1]\n", "")
    assert run_program(THREADED + OF_A_MODULE, tmp_path / "program.py") == (0, "[2, 1]\n", "")


def test_a_program_is_read_again_for_a_function_of_its_own(tmp_path: Path) -> None:
    assert run_program(THREADED + GUARDED, tmp_path / "program.py") == (0, "[2, 4]\n", "")


def test_a_program_that_starts_workers_while_it_is_read_is_told_to_guard_itself(
    tmp_path: Path,
) -> None:
    code, out, err = run_program(THREADED + OF_THE_PROGRAM, tmp_path / "program.py")
    assert (code, out) == (1, "")
    assert "put what it runs under `if __name__ == '__main__':`" in err


def test_a_program_from_standard_input_is_refused_for_a_function_of_its_own() -> None:
    code, out, err = run_program(THREADED + OF_THE_PROGRAM)
    assert (code, out) == (1, "")
    assert "workers cannot read this program" in err

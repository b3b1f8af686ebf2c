"""Programs to measure: each a process of its own, timed from outside, in rounds that interleave."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_DRIVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "drivers")
_TIMEOUT_S = 1800
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes there, KiB elsewhere


class Failed(Exception):
    """A program that was to be measured did not do its work."""


class Spent(NamedTuple):
    """What one process used: seconds on the clock, seconds of processor, most bytes resident.

    Processor seconds and bytes include the processes that it waited for, the larger one's bytes.
    """

    wall: float
    cpu: float
    peak_bytes: int
    stdout: str


def dataselect() -> str:
    """The console script of the environment that runs this: it is what users start."""
    path = os.path.join(os.path.dirname(sys.executable), "dataselect")
    if not os.path.exists(path):
        raise Failed(f"{path} is missing; run scripts/setup")
    return path


def driver(name: str, *arguments: str, python: str = sys.executable) -> tuple[str, ...]:
    """The command line of a script in drivers/."""
    return (python, os.path.join(_DRIVERS, f"{name}.py"), *arguments)


def spend(command: Sequence[str], stdin: Iterable[bytes] | None = None) -> Spent:
    """Run a command to its end and say what it used. Raises Failed with its last words.

    The peak starts at what this process holds, because a forked child begins as its copy: this
    process has to stay smaller than what it measures.
    """
    from time import perf_counter

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=out,
            stderr=errors,
        )
        watch = threading.Timer(_TIMEOUT_S, process.kill)
        watch.start()
        try:
            fed = stdin is None or _feed(process, stdin)
            # wait4, because getrusage(RUSAGE_CHILDREN) keeps the largest peak of all children
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            watch.cancel()
        wall = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            words = errors.read().decode(errors="replace").strip().split("\n")[-1]
            raise Failed(f"{os.path.basename(command[0])}: exit {process.returncode}: {words}")
        if not fed:
            raise Failed(f"{os.path.basename(command[0])}: stopped reading before the end")
        out.seek(0)
        return Spent(
            wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT, out.read().decode()
        )


def _feed(process: subprocess.Popen[bytes], blocks: Iterable[bytes]) -> bool:
    """Whether all blocks were taken; one that stops reading has not done the work."""
    assert process.stdin is not None
    try:
        with process.stdin as pipe:
            for block in blocks:
                pipe.write(block)
    except BrokenPipeError:
        return False
    return True


@dataclass(frozen=True)
class Contender:
    """A command to be run in each round, on so many records."""

    name: str
    command: tuple[str, ...]
    records: int = 0

    def having(self, *options: str) -> Contender:
        """The same with more options, named after them and the base names of files."""
        name = " ".join(("…", *map(os.path.basename, options)))
        return Contender(name, (*self.command, *options), self.records)


@dataclass(frozen=True)
class Rounds:
    """What each contender spent in each round, or why it could not be run."""

    spent: dict[str, list[Spent]]
    failed: dict[str, str]


def interleave(contenders: Sequence[Contender], rounds: int, essential: Sequence[str]) -> Rounds:
    """Run every contender once a round; where there are several, one comes first and counts not.

    A machine that slows down for a while slows all of them, so a ratio within a round holds. Every
    other round goes backwards, so nobody always follows the same neighbour. A contender that fails
    is dropped, unless it is `essential`: then Failed is raised.
    """
    spent: dict[str, list[Spent]] = {each.name: [] for each in contenders}
    failed: dict[str, str] = {}
    for number in range(-1 if rounds > 1 else 0, rounds):
        for each in contenders if number % 2 == 0 else reversed(contenders):
            if each.name in failed:
                continue
            _note(f"{each.name}: {f'round {number + 1} of {rounds}' if number >= 0 else 'warm-up'}")
            try:
                found = spend(each.command)
            except (Failed, OSError) as failure:
                if each.name in essential:
                    raise
                failed[each.name] = str(failure)
                continue
            if number >= 0:
                spent[each.name].append(found)
    _note("")
    return Rounds(spent, failed)


def _note(message: str) -> None:
    """Say what is being run, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{message}", end="", file=sys.stderr, flush=True)

"""Programs to measure: each a process of its own, timed from outside, in rounds that interleave."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

_HERE = os.path.dirname(os.path.abspath(__file__))
_DRIVERS, _LAUNCH = os.path.join(_HERE, "drivers"), os.path.join(_HERE, "launch.py")
_LIMIT_S = 240
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes there, KiB elsewhere


class Failed(Exception):
    """A program that was to be measured did not do its work."""


class Spent(NamedTuple):
    """What one process used: seconds on the clock, seconds of processor, most bytes resident.

    Processor seconds and bytes include the processes that it waited for, the larger one's bytes.
    Drivers print two numbers: seconds of getting ready, and those of the work.
    """

    wall: float
    cpu: float
    peak_bytes: int
    stdout: str

    @property
    def work(self) -> float | None:
        """The seconds of the work, where a driver tells them."""
        words = self.stdout.split()
        try:
            return float(words[1]) if len(words) == 2 else None
        except ValueError:
            return None

    @property
    def seconds(self) -> float:
        """Of the work, where a driver tells them; else of the whole process."""
        return self.wall if self.work is None else self.work


def dataselect() -> str:
    """The console script of the environment that runs this: it is what users start."""
    path = os.path.join(os.path.dirname(sys.executable), "dataselect")
    if not os.path.exists(path):
        raise Failed(f"{path} is missing; run scripts/setup")
    return path


def driver(name: str, *arguments: str, python: str = sys.executable) -> tuple[str, ...]:
    """The command line of a script in drivers/."""
    return (python, os.path.join(_DRIVERS, f"{name}.py"), *arguments)


def spend(
    command: Sequence[str], stdin: Iterable[bytes] | None = None, limit: int = _LIMIT_S
) -> Spent:
    """Run a command to its end and say what it used. Raises Failed with its last words.

    It is ended after `limit` seconds, with all that it started.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        told, tell = os.pipe()
        with os.fdopen(told) as figures:
            process = subprocess.Popen(
                [sys.executable, "-S", _LAUNCH, str(tell), *command],
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=out,
                stderr=errors,
                pass_fds=(tell,),
                start_new_session=True,
            )
            os.close(tell)
            watch = threading.Timer(limit, _end, [process])
            watch.start()
            try:
                fed = stdin is None or _feed(process, stdin)
                process.wait()
            except BaseException:
                _end(process)
                process.wait()
                raise
            finally:
                watch.cancel()
            used = figures.read().split()
        status = os.waitstatus_to_exitcode(int(used[3])) if used else process.returncode
        if status != 0:
            errors.seek(0)
            words = errors.read().decode(errors="replace").strip().split("\n")[-1]
            if status == -signal.SIGKILL:
                words = f"no end after {limit} s, or no memory"
            raise Failed(f"{os.path.basename(command[0])}: exit {status}: {words}")
        if not fed:
            raise Failed(f"{os.path.basename(command[0])}: stopped reading before the end")
        out.seek(0)
        wall, cpu, peak = float(used[0]), float(used[1]), int(used[2]) * _RSS_UNIT
        return Spent(wall, cpu, peak, out.read().decode())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process, and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


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
    """A command to be run in each round, on so many records, and the bars that it is held against.

    `feed`: what comes through a pipe. `missing`: why it cannot be run. `limit`: it is ended after
    so many seconds.
    """

    name: str
    command: tuple[str, ...]
    records: int = 0
    bars: Sequence[Bar] = ()
    feed: Callable[[], Iterable[bytes]] | None = None
    missing: str = ""
    limit: int = _LIMIT_S

    def having(self, *options: str, bars: Sequence[Bar] = ()) -> Contender:
        """The same with more options, named after them and the base names of files."""
        name = " ".join(("…", *map(os.path.basename, options)))
        return replace(self, name=name, command=(*self.command, *options), bars=bars)

    def held_against(self, *bars: Bar) -> Contender:
        """The same with bars."""
        return replace(self, bars=bars)


Spending = Mapping[str, Sequence[Spent]]
"""What each contender spent in each round."""


@dataclass(frozen=True)
class Bar:
    """A requirement of the design: a figure that must not be above, or below, a limit.

    `figure` is of one contender, by name, in one round.
    """

    words: str
    limit: float
    figure: Callable[[Mapping[str, Spent], str], float]
    at_most: bool = True

    def met(self, figure: float) -> bool:
        """Whether a figure is good enough."""
        return figure <= self.limit if self.at_most else figure >= self.limit


def interleave(
    contenders: Sequence[Contender], rounds: int
) -> tuple[dict[str, list[Spent]], dict[str, str]]:
    """What each spent in each round, and why others could not be run. One round more comes first.

    A machine that slows down for a while slows all of them, so a ratio within a round holds. Every
    other round goes backwards, so nobody always follows the same neighbour. Of a single round
    there is no other before.
    """
    spent: dict[str, list[Spent]] = {each.name: [] for each in contenders}
    failed = {each.name: each.missing for each in contenders if each.missing}
    for number in range(-1 if rounds > 1 else 0, rounds):
        for each in contenders if number % 2 == 0 else reversed(contenders):
            if each.name in failed:
                continue
            _note(f"{each.name}: {f'round {number + 1} of {rounds}' if number >= 0 else 'warm-up'}")
            try:
                found = spend(each.command, each.feed and each.feed(), each.limit)
            except (Failed, OSError) as failure:
                failed[each.name] = f"failed: {failure}"
                continue
            if number >= 0:
                spent[each.name].append(found)
    _note("")
    return {name: found for name, found in spent.items() if name not in failed}, failed


def _note(message: str) -> None:
    """Say what is being run, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{message}", end="", file=sys.stderr, flush=True)

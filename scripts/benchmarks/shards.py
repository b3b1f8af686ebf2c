"""Shards on Ray: by the number of workers, beside local ones, on little, and on very much."""

from __future__ import annotations

import glob
import os
import shutil
import statistics
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import orjson
from contenders import Contender, Spent, dataselect, interleave, spend
from local_ray import cluster
from tables import NOTHING, Bar, Plan, Row, Section, rounds_note, spread

ROUNDS, ROUNDS_LARGE = 3, 1
_SHARDS, _LARGE_SHARDS = 20, 100
_FEW = 1_000
_TIMES_LARGE = (10, 100)  # the large runs, in pools
_WORDS = 2_000
_MIB = 1 << 20
_ONE, _TWO = "--engine ray --jobs 1", "--engine ray --jobs 2"
_TWO_WORKERS = Bar(1.7, "≥ 1.7 × one worker", at_most=False)
_AFRESH = ("sh", "-c", 'rm -rf "$0" && exec "$@"')  # then the folder, and what writes it
_SYNTHETIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "synthetic")
_SECONDS_BETWEEN = 0.5


def measure(plan: Plan) -> Section:
    """Label the pool by an intent classifier, in 20 shards, and a thousand records of it."""
    pool, rounds = plan.pool, plan.rounds or ROUNDS
    model = _classifier(plan)
    out = os.path.join(plan.cache, "shards-out")
    rows = []
    with cluster() as address:
        for records in sorted({pool.records, min(_FEW, pool.records)}, reverse=True):
            shards = _split(plan, records)
            label = (dataselect(), "label", "--quiet", "--model", model, "-o", out)
            there = (*label, "--engine", "ray", "--ray-address", address)
            commands = {
                "--jobs 1": label,
                "--jobs 2": (*label, "--jobs", "2"),
                _ONE: (*there, "--jobs", "1"),
                _TWO: (*there, "--jobs", "2"),
                f"{_TWO}, a cluster of its own": (*label, "--engine", "ray", "--jobs", "2"),
            }
            contenders = [
                Contender(name, (*_AFRESH, out, *command, *shards), records)
                for name, command in commands.items()
            ]
            found = interleave(contenders, rounds, essential=list(commands))
            rows += [_row(each, found.spent) for each in contenders]
    shutil.rmtree(out, ignore_errors=True)
    return Section(
        "Shards on Ray",
        ["dataselect label", "records", "seconds", "time of --jobs 1 ÷ its own", "of Ray's one"],
        rows,
        [
            pool.describe()
            + f" In {_SHARDS} shards; an intent classifier of seven intents labels them.",
            "Ray runs already, with two processors, but for the last of each five.",
            rounds_note(rounds),
        ],
    )


def _row(contender: Contender, spent: Mapping[str, Sequence[Spent]]) -> Row:
    def ratios(other: str) -> list[float]:
        pairs = zip(spent[other], spent[contender.name], strict=True)
        return [theirs.wall / own.wall for theirs, own in pairs]

    own, to_local, to_one = spent[contender.name], ratios("--jobs 1"), ratios(_ONE)
    judged = contender.name == _TWO and contender.records > _FEW
    return Row(
        [
            contender.name,
            f"{contender.records:,}",
            spread([each.wall for each in own], 1),
            spread(to_local),
            spread(to_one) if "ray" in contender.name else NOTHING,
        ],
        _TWO_WORKERS if judged else None,
        statistics.median(to_one) if judged else None,
        {"seconds": [each.wall for each in own]},
    )


def measure_large(plan: Plan) -> Section:
    """Keep the best of 10 and of 100 times as many records, which are made while they are read."""
    pool, rounds = plan.pool, plan.rounds or ROUNDS_LARGE
    out = os.path.join(plan.cache, "shards-out")
    words = _vocabulary(plan)
    rows = []
    paths = os.pathsep.join([_SYNTHETIC, *filter(None, [os.environ.get("PYTHONPATH")])])
    with cluster({"SYNTHETIC_WORDS": words, "PYTHONPATH": paths}) as address:
        for times in _TIMES_LARGE:
            records = pool.records * times
            command = (
                *(dataselect(), "relevance", "--quiet", "--model", pool.model, "-o", out),
                *("--engine", "ray", "--ray-address", address, "--top-k", str(records // 100)),
                f"synthetic://{records}/{_LARGE_SHARDS}/*",
            )
            spent, workers = [], []
            for _ in range(rounds):
                with _peak_of_workers() as peak:
                    spent.append(spend((*_AFRESH, out, *command)))
                workers.append(peak.bytes)
            rows.append(_large_row(records, spent, workers))
    shutil.rmtree(out, ignore_errors=True)
    return Section(
        "Very many records on Ray",
        ["records", "seconds", "records/s", "MiB of the driver", "MiB of the largest worker"],
        rows,
        [
            (
                "`dataselect relevance --top-k`, 1 in 100; two workers; "
                f"{_LARGE_SHARDS} shards, made while they are read: eight of {_WORDS:,} words each."
            ),
            rounds_note(rounds) + " The largest resident sets.",
        ],
    )


def _large_row(records: int, spent: Sequence[Spent], workers: Sequence[int]) -> Row:
    seconds = [each.wall for each in spent]
    driver = [each.peak_bytes / _MIB for each in spent]
    return Row(
        [
            f"{records:,}",
            spread(seconds, 0),
            f"{records / statistics.median(seconds):,.0f}",
            spread(driver, 0),
            spread([peak / _MIB for peak in workers], 0),
        ],
        measured={"seconds": seconds, "driver_mib": driver, "worker_bytes": list(workers)},
    )


# -- What is read ----------------------------------------------------------------------------------


def _split(plan: Plan, records: int) -> list[str]:
    """The first records of the pool, as shards."""
    folder = os.path.join(plan.cache, f"{plan.pool.kind}-shards-{records}")
    share = -(-records // _SHARDS)
    paths = [os.path.join(folder, f"part-{number:02}.jsonl") for number in range(_SHARDS)]
    if not all(map(os.path.exists, paths)):
        os.makedirs(folder, exist_ok=True)
        with open(plan.pool.path(records), "rb") as pool:
            for path in paths:
                with open(path, "wb") as shard:
                    shard.writelines(islice(pool, share))
    return paths


def _classifier(plan: Plan) -> str:
    """An intent classifier of the intents of the pool."""
    path = os.path.join(plan.cache, f"{plan.pool.kind}-classifier.model")
    given = ("--labelled", plan.pool.background(), "--rounds", "0", "--uncalibrated")
    spend((dataselect(), "label", "--fit-only", "--save-model", path, *given))
    return path


def _vocabulary(plan: Plan) -> str:
    """A file of the most frequent words of the pool, one a line."""
    counts: Counter[str] = Counter()
    with open(plan.pool.background(), "rb") as file:
        for line in file:
            counts.update(orjson.loads(line)["text"].lower().split())
    path = os.path.join(plan.cache, f"{plan.pool.kind}-words.txt")
    words = (word for word, _ in counts.most_common() if word.isascii() and word.isalpha())
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{word}\n" for word in islice(words, _WORDS))
    return path


# -- Workers ---------------------------------------------------------------------------------------


@dataclass
class _Peak:
    """The most bytes that one worker held."""

    bytes: int = 0


@contextmanager
def _peak_of_workers() -> Iterator[_Peak]:
    """Watch Ray's workers on this machine."""
    peak, over = _Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(_SECONDS_BETWEEN):
            peak.bytes = max(peak.bytes, *map(_peak_of_process, glob.glob("/proc/[0-9]*")), 0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def _peak_of_process(folder: str) -> int:
    """The most bytes that a worker of Ray held so far; 0 for any other process."""
    try:
        with open(f"{folder}/cmdline", "rb") as file:
            if not file.read().startswith(b"ray::"):
                return 0
        with open(f"{folder}/status", "rb") as file:
            [line] = [line for line in file if line.startswith(b"VmHWM:")]
    except (OSError, ValueError):  # it has ended
        return 0
    return int(line.split()[1]) * 1024

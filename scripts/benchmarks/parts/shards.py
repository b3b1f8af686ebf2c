"""Shards on Ray: by the number of workers, beside local ones, on little, and on very much."""

from __future__ import annotations

import glob
import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

import orjson
from contenders import Contender, dataselect
from contest import Contest, as_fast
from local_ray import cluster
from plan import Plan
from pool import Pool
from tables import Section

from parts.scoring import intent_classifier

_RECORDS = 200_000
_SHARDS, _LARGE_SHARDS = 20, 100
_WORDS = 2_000
_MIB = 1 << 20
_AFRESH = ("sh", "-c", 'rm -rf "$0" && exec "$@"')  # then the folder, and what writes it
_SYNTHETIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "synthetic")
_SECONDS_BETWEEN = 0.5


def ray(plan: Plan) -> Section:
    """Label the pool by an intent classifier, in 20 shards."""
    pool = plan.pool(_RECORDS)
    out, shards = plan.path("shards-out"), _split(plan, pool)
    label = (dataselect(), "label", "--quiet", "--model", intent_classifier(plan, pool), "-o", out)
    with cluster() as address:
        there = (*label, "--engine", "ray", "--ray-address", address)
        commands = {
            "--jobs 1": label,
            "--jobs 2": (*label, "--jobs", "2"),
            "--engine ray --jobs 1": (*there, "--jobs", "1"),
            "--engine ray --jobs 2": (*there, "--jobs", "2"),
        }
        if not plan.small:  # it takes as long as all others; that it works is tested elsewhere
            own = (*label, "--engine", "ray", "--jobs", "2")
            commands["… a cluster of its own"] = own
        one, two = list(commands)[2:4]
        bars = {two: [as_fast(1.7, one, "one worker of Ray")]}
        contenders = [
            Contender(name, (*_AFRESH, out, *command, *shards), pool.records, bars.get(name, ()))
            for name, command in commands.items()
        ]
        notes = [
            (
                f"{pool.describe()} In {_SHARDS} shards, labelled by `dataselect label --model`. "
                "Ray runs already, with two processors, but for a cluster of its own."
            )
        ]
        found = Contest("Shards on Ray", contenders, {"--jobs 1": "--jobs 1"}, notes)
        section = found.measure(plan, 1)
    shutil.rmtree(out, ignore_errors=True)
    return section


def ray_large(plan: Plan) -> Section:
    """Keep the best of 1 and of 10 million records, which are made while they are read."""
    pool = plan.pool()
    out, words = plan.path("shards-out"), _vocabulary(plan, pool)
    paths = os.pathsep.join([_SYNTHETIC, *filter(None, [os.environ.get("PYTHONPATH")])])
    contenders = []
    with cluster({"SYNTHETIC_WORDS": words, "PYTHONPATH": paths}) as address:
        for records in pool.records, pool.records * 10:
            command = (
                *(dataselect(), "relevance", "--quiet", "--model", pool.model, "-o", out),
                *("--engine", "ray", "--ray-address", address, "--top-k", str(records // 100)),
                f"synthetic://{records}/{_LARGE_SHARDS}/*",
            )
            contenders.append(Contender(f"{records:,}", (*_AFRESH, out, *command), records))
        notes = [
            (
                "`dataselect relevance --top-k`, 1 in 100; two workers; "
                f"{_LARGE_SHARDS} shards, made while they are read: eight of {_WORDS:,} words each."
            )
        ]
        with _peak_of_workers() as peak:
            found = Contest("Very many records on Ray", contenders, notes=notes).measure(plan, 1)
    shutil.rmtree(out, ignore_errors=True)
    told = f"The largest worker held {peak.bytes / _MIB:,.0f} MiB."
    return replace(found, notes=[*found.notes, told])


# -- What is read ----------------------------------------------------------------------------------


def _split(plan: Plan, pool: Pool) -> list[str]:
    """The pool as shards."""
    folder = plan.path(f"{pool.kind}-shards-{pool.records}")
    share = -(-pool.records // _SHARDS)
    paths = [os.path.join(folder, f"part-{number:02}.jsonl") for number in range(_SHARDS)]
    if not all(map(os.path.exists, paths)):
        os.makedirs(folder, exist_ok=True)
        with open(pool.path(), "rb") as lines:
            for path in paths:
                with open(path, "wb") as shard:
                    shard.writelines(islice(lines, share))
    return paths


def _vocabulary(plan: Plan, pool: Pool) -> str:
    """A file of the most frequent words of the pool, one a line."""
    counts: Counter[str] = Counter()
    with open(pool.background(), "rb") as file:
        for line in file:
            counts.update(orjson.loads(line)["text"].lower().split())
    path = plan.path(f"{pool.kind}-words.txt")
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

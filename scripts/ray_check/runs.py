"""A run of a command, on this machine or over shards on Ray, and how two of them differ."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from cases import COLLECTED, Case
from common import PROGRAM
from pools import Sharded

_OUT = "out"
_FACTS = ("signature", "counts", "per", "quantiles", "cut", "warnings")
_ONLY_RAY_SAYS = b"; --resume keeps what is done\n"  # where a run has not ended well
_PLACE = re.compile(rb'([^ "]+/part-\d+\.jsonl(?:\.gz)?)(:|","line":)(\d+)')
_SHOWN = 200


@dataclass(frozen=True)
class Outcome:
    """What a run left behind. A file that is not there has no bytes; `facts` are of its report."""

    code: int
    messages: bytes
    kept: bytes
    dropped: bytes
    bad: bytes
    facts: dict[str, Any]

    @property
    def counted(self) -> tuple[int, int]:
        """How many records were read, and kept."""
        counts = self.facts.get("counts", {"read": 0, "kept": 0})
        return counts["read"], counts["kept"]

    def differences(self, other: Outcome) -> list[str]:
        """What is not the same in another outcome, in words."""
        found = [
            _difference(name, getattr(self, name), getattr(other, name))
            for name in ("messages", "kept", "dropped", "bad")
            if getattr(self, name) != getattr(other, name)
        ]
        if self.code != other.code:
            found.append(f"exit code: {self.code}, {other.code}")
        found += [
            f"report, {name}: {self.facts.get(name)}, {other.facts.get(name)}"
            for name in _FACTS
            if self.facts.get(name) != other.facts.get(name)
        ]
        return found


def _difference(name: str, one: bytes, other: bytes) -> str:
    """How many lines differ, and the first that do."""
    both = list(zip_longest(one.split(b"\n"), other.split(b"\n"), fillvalue=b""))
    apart = [lines for lines in both if lines[0] != lines[1]]
    first = " / ".join(line[-_SHOWN:].decode(errors="replace") for line in apart[0])
    return f"{name}: {len(apart):,} of {len(both):,} lines, such as {first}"


class Runs:
    """Runs in the folder of all files."""

    def __init__(self, folder: Path, address: str) -> None:
        """`address`: that of the Ray cluster."""
        self._folder, self._address = folder, address

    def here(self, case: Case, options: Sequence[str], files: Iterable[str]) -> Outcome:
        """Over files, without Ray."""
        return self._run(case, [*options, *files])

    def on_ray(self, case: Case, options: Sequence[str], sharded: Sharded, workers: int) -> Outcome:
        """Over shards; places in them are told as places in the pool."""
        engine = ("--engine", "ray", "--ray-address", self._address, "--jobs", str(workers))
        found = self._run(case, [*options, *engine, *case.on_ray, sharded.folder])
        messages = b"".join(
            line
            for line in found.messages.splitlines(keepends=True)
            if not line.endswith(_ONLY_RAY_SAYS)
        )
        return replace(
            found, messages=_in_pool(messages, sharded), bad=_in_pool(found.bad, sharded)
        )

    def _run(self, case: Case, options: Sequence[str]) -> Outcome:
        out = self._folder / _OUT
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        collected = f"{_OUT}/bad"
        command = [collected if each is COLLECTED else each for each in case.command]
        command += [*options, "-o", f"{_OUT}/kept", "--report", f"{_OUT}/report"]
        command += ["--rejects", f"{_OUT}/dropped"] if case.rejects else []
        done = subprocess.run(
            [PROGRAM, *command], cwd=self._folder, stderr=subprocess.PIPE, check=False
        )
        report = out / "report"
        facts = json.loads(report.read_bytes()) if report.exists() else {}
        kept, dropped, bad = (_joined(out / name) for name in ("kept", "dropped", "bad"))
        return Outcome(done.returncode, done.stderr, kept, dropped, bad, facts)


def _in_pool(said: bytes, sharded: Sharded) -> bytes:
    """Messages or bad records, with lines of the pool in place of those of shards."""

    def place(found: re.Match[bytes]) -> bytes:
        shard, between, line = found.groups()
        number = sharded.lines_before[shard.decode()] + int(line)
        return b"%s%s%d" % (sharded.pool.encode(), between, number)

    return _PLACE.sub(place, said)


def _joined(path: Path) -> bytes:
    """The bytes of a file, or of all shards in a folder that readers see."""
    return b"".join(_parts(path))


def _parts(path: Path) -> Iterator[bytes]:
    if path.is_dir():
        for shard in sorted(path.glob("[!_]*")):
            data = shard.read_bytes()
            yield gzip.decompress(data) if shard.suffix == ".gz" else data
    elif path.exists():
        yield path.read_bytes()

"""`scripts/check-ray`: run every command on one machine and on Ray, and compare every byte.

DIR is laid out as for scripts/reproduce. The pools are split into 3, 20 and 60 shards of unequal
sizes, some compressed, so that scorers see other batches. What is kept, --rejects, --on-error, exit
code, messages, and the report's signature, counts, --per, quantiles and cut have to be the same.
Where the last digit of scores depends on the batch, as that of networks does, the local run reads
the shards rather than one file. Prints Markdown; ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).parent.parent / "reproduction"))
sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

from cases import CASES, MEDIAN, WAYS, Case, Way
from local_ray import cluster
from pools import Sharded, split, write_files
from runs import Outcome, Runs


class Compared(NamedTuple):
    """A command with a selection: its outcome on one machine, and differences by way."""

    case: Case
    rule: str
    here: Outcome
    differences: dict[Way, list[str]]

    def row(self) -> str:
        """A line of the table."""
        read, kept = self.here.counted
        counts = f"{read:,} | {kept:,}" if read else f"exit code {self.here.code} |"
        verdicts = [self._verdict(way) for way in WAYS]
        return f"| {self.case.name} | {self.rule} | {counts} | {' | '.join(verdicts)} |"

    def _verdict(self, way: Way) -> str:
        if way not in self.differences:
            return ""
        return "DIFFERENT" if self.differences[way] else "same"


def compared(case: Case, runs: Runs, sharded: Callable[[str, int], Sharded]) -> Iterator[Compared]:
    """Run a command with each of its selections, in each of its ways."""
    median = ""
    first = sharded(case.pool, case.ways[0].shards)
    files = list(first.lines_before) if case.by_batch else [first.pool]
    for number, (rule, given) in enumerate(case.rules.items(), CASES.index(case)):
        options = [median if each is MEDIAN else each for each in given]
        here = runs.here(case, options, files)
        median = median or str(here.facts.get("quantiles", {}).get("0.5", ""))
        found = {}
        for way in case.ways_of(number):
            there = runs.on_ray(case, options, sharded(case.pool, way.shards), way.workers)
            found[way] = here.differences(there)
        yield Compared(case, rule, here, found)


def compare(data: Path, folder: Path, chosen: str) -> int:
    """Print a table of the commands that begin as `chosen`, and what differs. Returns how much."""
    print("| command | selection | records | kept |", *[f" {way} |" for way in WAYS], sep="")
    print("|---" * (4 + len(WAYS)) + "|", flush=True)
    cases = [case for case in CASES if case.name.startswith(chosen)]
    write_files(data, folder, {word for case in cases for word in case.command})
    shards = cache(lambda pool, count: split(folder / f"{pool}.jsonl", count))
    notes = []
    with cluster() as address:
        runs = Runs(folder, address)
        for case in cases:
            for each in compared(case, runs, shards):
                print(each.row(), flush=True)
                notes += [
                    f"- {case.name}, {each.rule}, {way}: {what}"
                    for way, differences in each.differences.items()
                    for what in differences
                ]
    print("\nShards × workers.", *notes, sep="\n")
    return len(notes)


def main() -> int:
    """Run from the command line; 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="scripts/check-ray", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="public data")
    parser.add_argument(
        "--only", default="", metavar="COMMAND", help="compare commands that begin so"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        return 1 if compare(options.data, Path(name), options.only) else 0


if __name__ == "__main__":
    sys.exit(main())

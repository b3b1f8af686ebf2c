"""dataselect beside a bare loop and beside peers: one pool, interleaved rounds, one table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contenders import Contender, Failed, Rounds, interleave
from peers import Peer
from pool import Pool
from tables import NOTHING, Bar, Plan, Row, Section, rounds_note, spread

_JUDGED_FROM = 1_000_000
_HEADS = [
    "what",
    "records",
    "records/s",
    "time ÷ loop",
    "CPU ÷ loop",
    "time ÷ dataselect",
    "scoring alone",
]


@dataclass(frozen=True)
class Contest:
    """Who scores the pool, and the bars by name.

    The drivers of peers are given `given`, the pool and `out`, and print the seconds of fitting
    and of scoring. `missing` says of what cannot be run why. `notes` are those of this contest
    only.
    """

    title: str
    pool: Pool
    out: str
    loop: Contender
    ours: Contender
    variants: Sequence[Contender]
    peers: Sequence[Peer]
    given: tuple[str, ...]
    bars: Mapping[str, Bar]
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def measure(self, plan: Plan, rounds: int) -> Section:
        """Run everybody in interleaved rounds; who cannot be run is in the table with the reason.

        Raises Failed if the loop or dataselect fails.
        """
        contenders = [self.loop, self.ours, *self.variants]
        missing = dict(self.missing)
        for peer in self.peers if plan.peers else ():
            try:
                contenders.append(self._entered(peer, plan))
            except Failed as failure:
                missing[peer.name] = str(failure)
        found = interleave(contenders, rounds, essential=(self.loop.name, self.ours.name))
        rows = [self._row(each, found) for each in contenders]
        rows += [self._absent(name, reason) for name, reason in missing.items()]
        return Section(self.title, _HEADS, rows, self._notes(plan, rounds))

    def _entered(self, peer: Peer, plan: Plan) -> Contender:
        records = min(peer.most_records, self.pool.records)
        files = (*self.given, self.pool.path(records), self.out)
        return Contender(peer.name, peer.command(plan.cache, *files), records)

    def _row(self, contender: Contender, found: Rounds) -> Row:
        name, records = contender.name, self.ours.records
        if name in found.failed:
            return self._absent(name, f"failed: {found.failed[name]}")
        spent, loop, ours = (found.spent[n] for n in (name, self.loop.name, self.ours.name))
        printed = [[float(word) for word in each.stdout.split()] for each in spent]
        is_loop, is_peer = name == self.loop.name, bool(printed[0])
        fitting = [words[0] if words else 0.0 for words in printed]
        pace = [(s.wall - fit) / contender.records for s, fit in zip(spent, fitting, strict=True)]
        to_loop = _ratios(pace, [each.wall / records for each in loop])
        to_ours = _ratios(pace, [each.wall / records for each in ours])
        cpu_to_loop = _ratios([each.cpu for each in spent], [each.cpu for each in loop])
        alone = _ratios(
            [words[1] / contender.records for words in printed if words],
            [each.wall / records for each in ours if is_peer],
        )
        rate, bar = 1 / statistics.median(pace), self.bars.get(name)
        ratio = statistics.median(to_ours if is_peer else to_loop)
        figure = rate if bar and bar.of_rate else ratio
        return Row(
            [
                name,
                f"{contender.records:,}",
                f"{rate:,.0f}",
                NOTHING if is_loop else spread(to_loop),
                NOTHING if is_loop or is_peer else spread(cpu_to_loop),
                spread(to_ours, 1) if is_peer else NOTHING,
                spread(alone, 1) if is_peer else NOTHING,
            ],
            bar,
            figure if records >= _JUDGED_FROM else None,
            {
                "seconds": [each.wall for each in spent],
                "of_them_fitting": fitting,
                "cpu_seconds": [each.cpu for each in spent],
                "peak_bytes": [each.peak_bytes for each in spent],
            },
        )

    def _absent(self, name: str, reason: str) -> Row:
        return Row([name, reason, *[NOTHING] * (len(_HEADS) - 2)], self.bars.get(name))

    def _notes(self, plan: Plan, rounds: int) -> list[str]:
        notes = [
            self.pool.describe(),
            rounds_note(rounds) + " Ratios are taken within a round. Everybody reads and writes "
            "plain files, in one process but for --jobs.",
            (
                "Everybody is a whole process with start-up and model, and fitting left out. "
                "'Scoring alone' leaves out a peer's start-up too, but not that of dataselect. A "
                "slow peer has fewer records, over which its start-up weighs more."
            ),
            *self.notes,
        ]
        if self.pool.records < _JUDGED_FROM:
            notes.append(
                f"The bars are for {_JUDGED_FROM:,} records and more: with fewer, start-up is most "
                "of what is measured, and nothing is judged."
            )
        return notes


def _ratios(values: list[float], others: list[float]) -> list[float]:
    return [value / other for value, other in zip(values, others, strict=True)]

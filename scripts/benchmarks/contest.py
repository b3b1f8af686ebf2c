"""Contenders in interleaved rounds, and one table of what each took."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contenders import Bar, Contender, Spending, Spent, interleave
from plan import Plan
from tables import NOTHING, Row, Section, Verdict, spread

_MIB = 1 << 20
_HEADS = ["records", "records/s", "seconds", "CPU seconds", "MiB"]


@dataclass(frozen=True)
class Contest:
    """Contenders for the same work.

    `against`: the contenders that times are ratios of, by what the columns are called. Ratios are
    of the time a record, because a slow peer has fewer.
    """

    title: str
    contenders: Sequence[Contender]
    against: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def measure(self, plan: Plan, rounds: int) -> Section:
        """Run everybody; who cannot be run is in the table with the reason."""
        rounds = plan.times(rounds)
        spent, failed = interleave(self.contenders, rounds)
        rows = [self._row(each, spent, failed, plan) for each in self.contenders]
        heads = ["what", *_HEADS, *[f"time ÷ {name}" for name in self.against]]
        notes = [*self.notes]
        if rounds > 1:
            notes.append(f"Rounds: {rounds}; the median, lowest to highest in brackets.")
        return Section(self.title, heads, rows, notes)

    def _row(self, each: Contender, spent: Spending, failed: Mapping[str, str], plan: Plan) -> Row:
        if each.name in failed:
            gone = [failed[each.name], *[NOTHING] * (len(_HEADS) + len(self.against) - 1)]
            verdicts = [Verdict(each.name, bar.words, NOTHING, None) for bar in each.bars]
            return Row([each.name, *gone], verdicts)
        own = spent[each.name]
        seconds = [found.seconds for found in own]
        rate = each.records / statistics.median(seconds)
        ratios = [self._ratios(each, other, spent) for other in self.against.values()]
        return Row(
            [
                each.name,
                f"{each.records:,}" if each.records else NOTHING,
                f"{rate:,.0f}" if each.records else NOTHING,
                spread(seconds),
                spread([found.cpu for found in own]) if own[0].work is None else NOTHING,
                f"{max(found.peak_bytes for found in own) / _MIB:,.0f}",
                *[spread(ratio) if ratio else NOTHING for ratio in ratios],
            ],
            [_verdict(bar, each.name, spent, judged=not plan.small) for bar in each.bars],
            {
                "seconds": seconds,
                "wall_seconds": [found.wall for found in own],
                "cpu_seconds": [found.cpu for found in own],
                "peak_bytes": [found.peak_bytes for found in own],
            },
        )

    def _ratios(self, each: Contender, other: str, spent: Spending) -> list[float]:
        if each.name == other or other not in spent:
            return []
        records = {found.name: found.records or 1 for found in self.contenders}
        share = records[other] / records[each.name]
        rounds = zip(spent[each.name], spent[other], strict=True)
        return [own.seconds / theirs.seconds * share for own, theirs in rounds]


def _verdict(bar: Bar, name: str, spent: Spending, *, judged: bool) -> Verdict:
    """What a bar says of the median; nothing where what it compares with could not be run."""
    rounds = [dict(zip(spent, found, strict=True)) for found in zip(*spent.values(), strict=True)]
    try:
        figures = [bar.figure(found, name) for found in rounds]
    except KeyError:
        return Verdict(name, bar.words, NOTHING, None)
    met = bar.met(statistics.median(figures)) if judged else None
    return Verdict(name, bar.words, spread(figures), met)


def at_most(limit: float, other: str, words: str) -> Bar:
    """So many times the time of another, on as many records."""

    def figure(found: Mapping[str, Spent], name: str) -> float:
        return found[name].seconds / found[other].seconds

    return Bar(f"≤ {limit:g} × {words}", limit, figure)


def as_fast(limit: float, other: str, words: str) -> Bar:
    """So many times as fast as another."""

    def figure(found: Mapping[str, Spent], name: str) -> float:
        return found[other].seconds / found[name].seconds

    return Bar(f"≥ {limit:g} × {words}", limit, figure, at_most=False)


def within(seconds: float) -> Bar:
    """So many seconds on the clock."""
    return Bar(f"≤ {seconds:g} s", seconds, lambda found, name: found[name].wall)


def processor(seconds: float) -> Bar:
    """So many seconds of processor."""
    return Bar(f"≤ {seconds:g} s of processor", seconds, lambda found, name: found[name].cpu)


def milliseconds(limit: float) -> Bar:
    """So many milliseconds on the clock."""
    return Bar(f"≤ {limit:g} ms", limit, lambda found, name: 1000 * found[name].wall)


def memory() -> Bar:
    """1 GiB."""
    return Bar("< 1,024 MiB", 1024, lambda found, name: found[name].peak_bytes / _MIB)


def flat(growth: float, short: str) -> Bar:
    """The memory of a shorter run, but for so much."""
    return Bar(
        f"≤ {growth:g} × MiB of a tenth",
        growth,
        lambda found, name: found[name].peak_bytes / found[short].peak_bytes,
    )

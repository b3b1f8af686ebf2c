"""Reports of `compare`: selections and random ones of equal size."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from dataselect.analysis.compare.measures import MEASURES
from dataselect.analysis.compare.result import Spread
from dataselect.analysis.compare.table import shown, spread_shown
from dataselect.analysis.without_texts import hidden, without_quotations

if TYPE_CHECKING:
    from dataselect.execution.report_documents import (
        CompareReport,
        MeasuredDocument,
        SelectionDocument,
    )

_PERPLEXITY = "perplexity"
_MOST_GROUPS = 20
_COLUMNS = 8  # of a table; even, so that a selection stays beside its random ones


class Drawn(NamedTuple):
    """A selection's development perplexity, and those of random selections of its size."""

    name: str
    own: float
    random: list[float]

    @property
    def beaten(self) -> int:
        """How many of the random ones are worse."""
        return sum(self.own < each for each in self.random)


@dataclass(frozen=True)
class ComparisonSection:
    """A comparison: rows of a measure's title and its figure in each of the `columns`.

    `everything` is the development perplexity of all of the pool, where that was measured.
    """

    number: int
    path: str
    facts: CompareReport
    columns: list[str]
    rows: list[tuple[str, list[str]]]
    drawn: list[Drawn]
    everything: float | None

    @property
    def groups(self) -> list[tuple[str, list[str], list[tuple[str, list[str]]]]]:
        """For each field its name, columns, and the groups with what is kept of each."""
        selections = self.facts["compare"]["selections"]
        first = next(iter(selections.values()), None)
        return [
            (
                field,
                ["in the pool", *map(os.path.basename, selections)],
                [
                    (value, [f"{own['pool']:,}", *_kept(selections, field, value)])
                    for value, own in list(groups.items())[:_MOST_GROUPS]
                ],
            )
            for field, groups in (first.get("groups", {}) if first else {}).items()
        ]

    @property
    def anchor(self) -> str:
        return f"comparison-{self.number}"

    @property
    def tables(self) -> list[tuple[list[str], list[tuple[str, list[str]]]]]:
        """Columns and rows in tables that are not too wide to read."""
        starts = range(0, len(self.columns), _COLUMNS)
        return [
            (
                self.columns[start : start + _COLUMNS],
                [(title, figures[start : start + _COLUMNS]) for title, figures in self.rows],
            )
            for start in starts
        ]

    def without_text(self) -> ComparisonSection:
        """The section, whose warnings quote nothing; labels and groups stay."""
        found = cast("CompareReport", hidden(self.facts))
        found["compare"]["warnings"] = list(
            map(without_quotations, self.facts["compare"]["warnings"])
        )
        return replace(self, facts=found)

    def headline(self, drawn: Drawn) -> str:
        """A selection against random ones and all of the pool, in words."""
        words = f"better than {drawn.beaten} of {len(drawn.random)} random selections of equal size"
        if not drawn.beaten:
            words = f"no better than any of {len(drawn.random)} random selections of equal size"
        if self.everything is None:
            return words
        if drawn.own < self.everything:
            return f"{words}, and better than all of the pool, {self.everything:.4g}"
        worse = "worse than" if drawn.own > self.everything else "no better than"
        return f"{words}, but {worse} all of the pool, {self.everything:.4g}"


def comparison_section(number: int, path: str, facts: CompareReport) -> ComparisonSection:
    """The section of the `compare` report at a path."""
    found = facts["compare"]
    selections = found["selections"]
    # The other columns have names of their own beside these keys.
    others: dict[str, MeasuredDocument] = {
        name: cast("MeasuredDocument", own)
        for name, own in cast("dict[str, Any]", found).items()
        if isinstance(own, dict) and "measures" in own
    }
    columns: list[tuple[str, Mapping[str, Any]]] = []
    for name, own in selections.items():
        columns.append((os.path.basename(name), own["measures"]))
        if own["random"]:
            columns.append(("random", own["random"]))
    columns += [(name, each["measures"]) for name, each in others.items()]
    names = [name for name in MEASURES if any(name in own for _, own in columns)]
    return ComparisonSection(
        number=number,
        path=path,
        facts=facts,
        columns=[name for name, _ in columns],
        rows=[
            (MEASURES[name].title, [_shown(name, own.get(name)) for _, own in columns])
            for name in names
        ],
        drawn=list(_drawn(selections)),
        everything=others["all"]["measures"].get(_PERPLEXITY) if "all" in others else None,
    )


def _kept(selections: Mapping[str, SelectionDocument], field: str, value: str) -> Iterator[str]:
    """What each selection keeps of a group: share, interval, and the ratio to the best served."""
    for each in selections.values():
        own = each.get("groups", {}).get(field, {}).get(value)
        if own is None:
            yield "-"
            continue
        ratio = own["of_best"]
        told = "too few to say" if ratio is None else f"{ratio:.2f} of the best"
        wrong = "" if own["error"] is None else f"; error {100 * own['error']:.1f} %"
        yield (
            f"{100 * own['share']:.1f} % [{100 * own['low']:.1f}, {100 * own['high']:.1f}], "
            f"{told}{wrong}"
        )


def _drawn(selections: Mapping[str, SelectionDocument]) -> Iterator[Drawn]:
    """The selections whose perplexity, and that of random ones, is known."""
    for name, own in selections.items():
        value = own["measures"].get(_PERPLEXITY)
        spread = own["random"].get(_PERPLEXITY)
        random = [each for each in (spread["values"] if spread else []) if each is not None]
        if value is not None and random:
            yield Drawn(os.path.basename(name), value, random)


def _shown(name: str, value: Any) -> str:
    """A figure, or the mean and deviation of several."""
    measure = MEASURES[name]
    if isinstance(value, dict):
        return spread_shown(measure, Spread(value["mean"], value["deviation"]))
    return shown(measure, value)

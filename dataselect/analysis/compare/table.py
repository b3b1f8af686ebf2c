"""A comparison as plain text: figures, chance, overlaps, and what they rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from dataselect.analysis.compare.groups.kept_groups_table import group_notes, group_sections
from dataselect.analysis.compare.measures import MEASURES, MeasuredValues, SelectionMeasure
from dataselect.console import aligned, one_line

if TYPE_CHECKING:
    from dataselect.analysis.compare.result import (
        Compared,
        ComparisonResult,
        RandomRank,
        Spread,
    )

_WIDEST = 120  # characters
_GAP = 2
_NOTHING = "-"
_LARGE = 1e9
_MOST_LABELS = 10

_SHARE = SelectionMeasure("share", "share", digits=1, is_share=True)

_Column = list[str]
_Section = tuple[_Column, list[list[_Column]]]  # titles of rows, groups of columns


def table(found: ComparisonResult, signature: str) -> str:
    """Lines that end with a line feed each; a wide table is continued below itself."""
    sections = [_figures(found), _labels(found), _standings(found), _overlaps(found)]
    sections += group_sections(found)
    parts = [_side_by_side(titles, groups) for titles, groups in sections if groups]
    parts.append([*_notes(found), *group_notes(found), signature])
    return "\n".join("".join(f"{line.rstrip()}\n" for line in part) for part in parts)


def _side_by_side(titles: _Column, groups: Sequence[Sequence[_Column]]) -> list[str]:
    """Columns after row titles, as many groups of them as fit, the others below; nothing for none.

    Groups are kept together.
    """
    lines: list[str] = []
    waiting = list(groups)
    while waiting:
        shown = list(waiting.pop(0))
        while waiting and _width([titles, *shown, *waiting[0]]) <= _WIDEST:
            shown += waiting.pop(0)
        lines += [*([""] if lines else []), *aligned(zip(titles, *shown, strict=True))]
    return lines


def _width(columns: Sequence[_Column]) -> int:
    return sum(max(map(len, column)) + _GAP for column in columns) - _GAP


def _figures(found: ComparisonResult) -> _Section:
    """A row a measure; for each selection its own column and that of chance, then the others."""
    names = found.measures
    cost = {"cost": f"total {one_line(found.basis.cost)}"}

    def own(figures: MeasuredValues) -> _Column:
        return [shown(MEASURES[name], figures.values[name]) for name in names]

    def random(compared: Compared) -> _Column:
        return [spread_shown(MEASURES[name], compared.spread(name)) for name in names]

    titles = [cost.get(name, MEASURES[name].title) for name in names]
    return ["", *titles], _columns(found, own, random)


def _labels(found: ComparisonResult) -> _Section:
    """As `_figures`, the share of the most frequent labels; nothing without labels."""
    counts: Counter[str] = Counter()
    for each in found.selections.values():
        counts.update(each.figures.labels)
    labels = sorted(counts, key=lambda label: (-counts[label], label))[:_MOST_LABELS]

    def own(figures: MeasuredValues) -> _Column:
        return [shown(_SHARE, figures.label_share(label)) for label in labels]

    def random(compared: Compared) -> _Column:
        return [spread_shown(_SHARE, compared.label_spread(label)) for label in labels]

    titles = ["records with the label", *map(one_line, labels)]
    return titles, _columns(found, own, random) if labels else []


def _columns(
    found: ComparisonResult,
    own: Callable[[MeasuredValues], _Column],
    random: Callable[[Compared], _Column],
) -> list[list[_Column]]:
    """A group of columns a selection, its own and that of chance, then the baselines."""
    groups = [
        [
            [one_line(name), *own(each.figures)],
            *([["random", *random(each)]] if each.random else []),
        ]
        for name, each in found.selections.items()
    ]
    return groups + [[[name, *own(figures)]] for name, figures in found.baselines.items()]


def shown(measure: SelectionMeasure, value: float | None) -> str:
    """A figure in the digits and the unit of its measure."""
    if value is None:
        return _NOTHING
    return _number(measure, value) + (" %" if measure.is_share else "")


def spread_shown(measure: SelectionMeasure, spread: Spread | None) -> str:
    """Mean and deviation; the mean alone where all draws agree, or where there is one."""
    if spread is None or not spread.deviation:
        return shown(measure, None if spread is None else spread.mean)
    return f"{_number(measure, spread.mean)} ± {shown(measure, spread.deviation)}"


def _number(measure: SelectionMeasure, value: float) -> str:
    scaled = 100 * value if measure.is_share else value
    return f"{scaled:,.{measure.digits}f}" if abs(scaled) < _LARGE else f"{scaled:.3e}"


def _standings(found: ComparisonResult) -> _Section:
    """Row titles, and a column a selection: how many random ones it beats, and by how much."""
    names = [name for name in found.measures if MEASURES[name].good]
    if not found.basis.draws:
        return [], []
    columns = [
        [[one_line(name), *[_beaten(each.standing(measure)) for measure in names]]]
        for name, each in found.selections.items()
    ]
    return ["better than random", *[MEASURES[name].title for name in names]], columns


def _beaten(standing: RandomRank | None) -> str:
    if standing is None:
        return _NOTHING
    share = f"{standing.beaten} of {standing.draws}"
    return share if standing.deviations is None else f"{share} ({standing.deviations:+.1f} sd)"


def _overlaps(found: ComparisonResult) -> _Section:
    """Row titles, and a column a selection: the share of the others' records that it has."""
    names = list(found.selections)
    if len(names) < 2:
        return [], []
    shares = {(each.of, each.within): each.share for each in found.overlaps}
    chances = {each.within: each.chance for each in found.overlaps if each.chance is not None}
    columns = [
        [
            [
                one_line(within),
                *[shown(_SHARE, shares.get((of, within))) for of in names],
                *([shown(_SHARE, chances[within])] if chances else []),
            ]
        ]
        for within in names
    ]
    by_chance = ["by chance"] if chances else []
    return ["records that are also in", *map(one_line, names), *by_chance], columns


def _notes(found: ComparisonResult) -> Iterator[str]:
    """What the figures rest on, a line each."""
    basis = found.basis
    learnt = f", and learn from {basis.in_domain_records:,} in-domain records, too"
    yield (
        f"dev: {basis.development_records:,} records, {basis.development_words:,} words; models "
        f"know {basis.vocabulary:,} words" + (learnt if basis.in_domain_records else "")
    )
    if basis.draws:
        equal = "as many records" if basis.cost == "records" else f"the same total {basis.cost}"
        yield (
            f"random: mean ± standard deviation of {basis.draws} random selections of {equal}, "
            f"seed {basis.seed}"
        )
        yield (
            "better than random: than how many of these, and than their mean by how many standard "
            "deviations (sd)"
        )
        yield f"by chance alone, one selection in {basis.draws + 1} is better than all of these"
    if len(found.selections) > 1:
        yield f"records are told apart by {basis.told_apart_by}"

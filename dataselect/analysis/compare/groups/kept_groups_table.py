"""Who is kept, as plain text: a row a group, and what the remedy costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dataselect.analysis.compare.groups.group_shares import FEWEST, FieldGroups, GroupShare
from dataselect.console import one_line

if TYPE_CHECKING:
    from dataselect.analysis.compare.result import Compared, ComparisonResult

_MOST = 20  # groups that are shown of a field
_NOTHING = "-"


def group_sections(found: ComparisonResult) -> list[tuple[list[str], list[list[list[str]]]]]:
    """For each field row titles, and a group of columns a selection."""
    selections = list(found.selections.items())
    sections = []
    for place, own in enumerate(selections[0][1].groups):
        shown = _shown(own)
        titles = [f"kept of each {own.field}", *(one_line(each.value) for each in shown)]
        pool = ["in the pool", *(f"{each.pool:,}" for each in shown)]
        columns = [[pool]]
        for name, compared in selections:
            groups = compared.groups[place]
            by_value = {each.value: each for each in groups.groups}
            columns.append(_columns(name, groups, [by_value[each.value] for each in shown]))
        sections.append((titles, columns))
    return sections


def _shown(own: FieldGroups) -> list[GroupShare]:
    """The groups that are shown: the largest."""
    return own.groups[:_MOST]


def _columns(name: str, own: FieldGroups, shown: list[GroupShare]) -> list[list[str]]:
    columns = [
        [one_line(name), *(f"{each.share:.1%}".replace("%", " %") for each in shown)],
        ["95 % interval", *map(_interval, shown)],
        ["of the best", *(_ratio(own, each) for each in shown)],
    ]
    if any(each.tested for each in shown):
        columns.append(["error", *map(_error, shown)])
    return columns


def _interval(group: GroupShare) -> str:
    low, high = group.interval
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def _ratio(own: FieldGroups, group: GroupShare) -> str:
    ratio = own.ratio(group)
    return "too few to say" if group.is_small else _NOTHING if ratio is None else f"{ratio:.2f}"


def _error(group: GroupShare) -> str:
    if group.error is None:
        return _NOTHING
    return f"{100 * group.error:.1f} %" if group.tested >= FEWEST else f"of {group.tested} only"


def group_notes(found: ComparisonResult) -> Iterator[str]:
    """Who is served worst, and what a selection that serves groups more equally costs."""
    (first, base), *others = found.selections.items()
    for place, own in enumerate(base.groups):
        yield (
            f"kept of each {own.field}: Wilson intervals; a group of fewer than {FEWEST} records "
            "says nothing"
        )
        if len(own.groups) > _MOST:
            yield f"the {_MOST} largest of {len(own.groups):,} values of {own.field} are shown"
        for name, compared in found.selections.items():
            yield from _worst_served(name, compared.groups[place])
        for name, compared in others:
            least, before = compared.groups[place].least, own.least
            if least is not None and before is not None and least > before:
                cost = "; ".join(_costs(compared, base))
                yield (
                    f"{one_line(name)} serves every {own.field} at least {least:.2f} as well as "
                    f"the best, {one_line(first)} {before:.2f}; in return: {cost}"
                )


def _worst_served(name: str, own: FieldGroups) -> Iterator[str]:
    """The group whose records are labelled worst, beside all of them."""
    tested = [each for each in own.groups if each.tested >= FEWEST and each.error is not None]
    if len(tested) > 1:
        worst = max(tested, key=lambda each: each.error or 0.0)
        mean = sum(each.wrong for each in tested) / sum(each.tested for each in tested)
        yield (
            f"{one_line(name)}: the error is highest for {own.field} '{one_line(worst.value)}', "
            f"{100 * (worst.error or 0.0):.1f} %, and {100 * mean:.1f} % for all"
        )


def _costs(compared: Compared, base: Compared) -> Iterator[str]:
    """How much worse, or better, a selection is than another."""
    own, other = compared.figures.values, base.figures.values
    if (after := own["perplexity"]) and (before := other["perplexity"]):
        yield f"dev perplexity {100 * (after / before - 1):+.1f} %"
    if (wrong := own["error"]) is not None and (fewer := other["error"]) is not None:
        yield f"intent error {100 * (wrong - fewer):+.1f} points"

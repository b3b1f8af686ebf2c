"""Who is kept: the share of each group of a pool that a selection keeps, and its error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from dataselect.models.metrics.wilson import wilson_interval

if TYPE_CHECKING:
    from dataselect.analysis.compare.selected_texts import TextTable

FEWEST = 30
"""Records of a group, of which a share says something."""

FAIR = 0.8
"""The share of a group over that of the best served, under which people are warned."""

NO_GROUP = "(none)"
"""The group of records without the field."""

KEPT_SHARE, GROUP_ERROR = GROUP_MEASURES = ("kept_share", "error")
GroupCounts = dict[str, Counter[str]]
"""How many records each value of each field has."""


class GroupShare(NamedTuple):
    """A group of `pool` records, of which `kept` were kept.

    Of `tested` records of a test set that are of the group, `wrong` were labelled wrongly.
    """

    value: str
    pool: int
    kept: int
    wrong: int = 0
    tested: int = 0

    @property
    def is_small(self) -> bool:
        """Whether it has too few records to say anything of its share."""
        return self.pool < FEWEST

    @property
    def share(self) -> float:
        return self.kept / self.pool if self.pool else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share, 95 %."""
        return wilson_interval(self.kept, self.pool)

    @property
    def error(self) -> float | None:
        return self.wrong / self.tested if self.tested else None

    def measure(self, name: str) -> float | None:
        """What a condition on groups compares; None where too few records tell it."""
        if name == GROUP_ERROR:
            return self.error if self.tested >= FEWEST else None
        return None if self.is_small else self.share


@dataclass(frozen=True)
class FieldGroups:
    """The groups that are values of one field, the largest first."""

    field: str
    groups: list[GroupShare]

    @property
    def best(self) -> float | None:
        """The highest share that a group has of which enough records tell it."""
        return max((each.share for each in self.groups if not each.is_small), default=None)

    @property
    def is_absent(self) -> bool:
        """Whether no record has the field."""
        return all(each.value == NO_GROUP for each in self.groups)

    def ratio(self, group: GroupShare) -> float | None:
        """The share of a group over that of the best served."""
        return None if group.is_small or not self.best else group.share / self.best

    @property
    def least(self) -> float | None:
        """The lowest of these ratios."""
        found = [ratio for each in self.groups if (ratio := self.ratio(each)) is not None]
        return min(found, default=None)

    def warnings(self, name: str) -> Iterator[str]:
        """Where a selection surely keeps less than four fifths of the best share of some groups."""
        best = self.best or 0.0
        short = [
            each for each in self.groups if not each.is_small and each.interval[1] < FAIR * best
        ]
        if short:
            worst = min(short, key=lambda each: each.share)
            others = f", and less than {FAIR} of {len(short) - 1:,} others" if short[1:] else ""
            yield (
                f"{name} keeps {100 * worst.share:.1f} % of {self.field} '{worst.value}', "
                f"{worst.share / best:.2f} of what it keeps of the best served{others}; to keep "
                f"the best of each, select with --per {self.field}"
            )

    def as_json(self) -> dict[str, Any]:
        """Each group by its value."""
        return {
            each.value: {
                "pool": each.pool,
                "kept": each.kept,
                "share": each.share,
                "low": each.interval[0],
                "high": each.interval[1],
                "of_best": self.ratio(each),
                "tested": each.tested,
                "error": each.error,
            }
            for each in self.groups
        }


def counting(batches: Iterable[TextTable], counts: GroupCounts) -> Iterator[TextTable]:
    """Pass batches on, and count their groups."""
    for batch in batches:
        for field, values in (batch.groups or {}).items():
            counts.setdefault(field, Counter()).update(values)
        yield batch


def group_shares(
    pool: GroupCounts, kept: GroupCounts, errors: Mapping[str, Mapping[str, tuple[int, int]]]
) -> list[FieldGroups]:
    """The groups of each field, with the share of the pool's that is kept.

    `errors`: of each group, how many of how many test records were labelled wrongly.
    """
    return [
        FieldGroups(
            field,
            [
                GroupShare(
                    value,
                    count,
                    kept.get(field, Counter())[value],
                    *errors.get(field, {}).get(value, (0, 0)),
                )
                for value, count in counted.most_common()
            ],
        )
        for field, counted in pool.items()
    ]

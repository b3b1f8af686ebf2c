"""What a comparison found: figures by column, as JSON, and which assertions hold."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from dataselect.analysis.compare.assertions import RANDOM, Assertion
from dataselect.analysis.compare.groups.group_assertions import GroupAssertion
from dataselect.analysis.compare.groups.group_shares import FieldGroups
from dataselect.analysis.compare.measures import MEASURES, MeasuredValues

KeyKind = Literal["id", "text"]
"""What tells records apart."""

_ENOUGH = 5  # draws


class Spread(NamedTuple):
    """Mean and sample standard deviation of some draws; of a single one, no deviation."""

    mean: float
    deviation: float | None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread | None:
        """Of the values that there are, None for none."""
        known = [value for value in values if value is not None]
        if not known:
            return None
        return cls(statistics.fmean(known), statistics.stdev(known) if known[1:] else None)


class RandomRank(NamedTuple):
    """How a selection stands among random ones by one measure.

    It is better than `beaten` of `draws`. `deviations`: how much better than their mean, in their
    standard deviations; None for fewer than five draws, whose deviation is a guess, and where
    draws do not differ.
    """

    beaten: int
    draws: int
    deviations: float | None


def standing(name: str, value: float | None, drawn: Sequence[float | None]) -> RandomRank | None:
    """By a measure of that name; None where it has no good side, or no value."""
    good = MEASURES[name].good
    known = [each for each in drawn if each is not None]
    if good is None or value is None or not known:
        return None
    sign = 1 if good == "high" else -1
    gain = sign * (value - statistics.fmean(known))
    deviation = statistics.stdev(known) if len(known) >= _ENOUGH else 0
    return RandomRank(
        sum(sign * value > sign * each for each in known),
        len(known),
        gain / deviation if deviation else None,
    )


class Overlap(NamedTuple):
    """The `share` of the records of one selection that are in another.

    `chance`: the share of the pool that the other one is, None without a pool.
    """

    of: str
    within: str
    share: float | None
    chance: float | None


@dataclass(frozen=True)
class Basis:
    """What figures rest on: the development set's records and words, the words models know.

    `draws` random selections have the size of each selection: of the same total `cost`.
    """

    development_records: int
    development_words: int
    in_domain_records: int
    vocabulary: int
    draws: int
    cost: str
    seed: int
    told_apart_by: KeyKind


@dataclass(frozen=True)
class Compared:
    """The figures of a selection, those of random ones of its size, and whom it keeps."""

    figures: MeasuredValues
    random: list[MeasuredValues]
    groups: list[FieldGroups] = field(default_factory=list)

    def drawn(self, name: str) -> list[float | None]:
        """A measure of each random selection."""
        return [each.values[name] for each in self.random]

    def spread(self, name: str) -> Spread | None:
        return Spread.of(self.drawn(name))

    def label_spread(self, label: str) -> Spread | None:
        return Spread.of([each.label_share(label) for each in self.random])

    def standing(self, name: str) -> RandomRank | None:
        return standing(name, self.figures.values[name], self.drawn(name))

    def as_json(self, measures: Sequence[str]) -> dict[str, Any]:
        """Everything, exact, with the labels and measures of each random selection."""
        standings = {name: self.standing(name) for name in measures}
        return {
            **_as_json(self.figures, measures),
            "random": {
                name: {**spread._asdict(), "values": self.drawn(name)}
                for name in measures
                if (spread := self.spread(name))
            },
            "random_labels": [each.labels for each in self.random if each.labels],
            "standing": {name: own._asdict() for name, own in standings.items() if own},
            "groups": {each.field: each.as_json() for each in self.groups},
        }


@dataclass(frozen=True)
class ComparisonResult:
    """Everything that was measured.

    `baselines` have no random selections: all of the pool, the in-domain text alone, the labelled
    records alone.
    """

    basis: Basis
    selections: dict[str, Compared]
    baselines: dict[str, MeasuredValues]
    overlaps: list[Overlap]
    warnings: list[str]

    @property
    def measures(self) -> list[str]:
        columns = [each.figures for each in self.selections.values()] + [*self.baselines.values()]
        return [name for name in MEASURES if any(each.values[name] is not None for each in columns)]

    def as_json(self) -> dict[str, Any]:
        measures = self.measures
        return {
            "basis": vars(self.basis),
            "selections": {name: each.as_json(measures) for name, each in self.selections.items()},
            **{name: _as_json(each, measures) for name, each in self.baselines.items()},
            "overlaps": [each._asdict() for each in self.overlaps],
            "warnings": self.warnings,
        }

    def fired(self, assertions: Iterable[Assertion | GroupAssertion]) -> list[str]:
        """What a person should know of each assertion that holds, or that cannot be checked."""
        found = (
            self._fired(assertion, name)
            if isinstance(assertion, Assertion)
            else assertion.fired(name, each.groups)
            for assertion in assertions
            for name, each in self.selections.items()
        )
        return [said for said in found if said]

    def _fired(self, assertion: Assertion, name: str) -> str:
        """The same for one selection, or nothing; none is compared with itself."""
        value = self.selections[name].figures.values[assertion.measure.name]
        limit = self._limit(assertion, name)
        if assertion.reference == name:
            return ""
        if value is None or limit is None:
            return (
                f"--fail-if '{assertion.spelled}' cannot be checked for {name}: a figure is missing"
            )
        if not assertion.holds(value, limit):
            return ""
        return f"--fail-if '{assertion.spelled}' holds for {name}: {value:.6g} against {limit:.6g}"

    def _limit(self, assertion: Assertion, name: str) -> float | None:
        """What an assertion compares a selection with; None where that has no such figure."""
        if assertion.reference is None:
            return assertion.factor
        value: float | None
        if assertion.reference == RANDOM:
            spread = self.selections[name].spread(assertion.measure.name)
            value = None if spread is None else spread.mean
        elif assertion.reference in self.baselines:
            value = self.baselines[assertion.reference].values[assertion.measure.name]
        else:
            value = self.selections[assertion.reference].figures.values[assertion.measure.name]
        return None if value is None else assertion.factor * value


def _as_json(figures: MeasuredValues, measures: Sequence[str]) -> dict[str, Any]:
    values = {name: figures.values[name] for name in measures}
    return {"measures": values, "labels": figures.labels}

"""Reports of `compare`: how selections stand beside random ones of equal size."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from dataselect.comparison.chance import Spread
from dataselect.comparison.measures import MEASURES
from dataselect.comparison.table import shown, spread_shown
from dataselect.errors import InputError

COMMAND = "compare"
_PERPLEXITY = "perplexity"


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
class Chance:
    """A comparison: rows of a measure's title and its figure in each of the `columns`.

    `everything` is the development perplexity of all of the pool, where that was measured.
    """

    number: int
    path: str
    facts: dict[str, Any]
    columns: list[str]
    rows: list[tuple[str, list[str]]]
    drawn: list[Drawn]
    everything: float | None

    @property
    def anchor(self) -> str:
        """What links to it are called."""
        return f"chance-{self.number}"


def tell(number: int, path: str, facts: dict[str, Any]) -> Chance:
    """What the report at a path says. Raises InputError if it does not say it."""
    try:
        return _told(number, path, facts, facts[COMMAND])
    except (AttributeError, KeyError, TypeError):
        raise InputError(
            f"{path}: not a whole report of compare; name what --report wrote"
        ) from None


def _told(number: int, path: str, facts: dict[str, Any], found: dict[str, Any]) -> Chance:
    selections = found["selections"]
    others = {name: own for name, own in found.items() if "measures" in own}
    columns: list[tuple[str, Mapping[str, Any]]] = []
    for name, own in selections.items():
        columns.append((os.path.basename(name), own["measures"]))
        if own["random"]:
            columns.append(("random", own["random"]))
    columns += [(name, own["measures"]) for name, own in others.items()]
    names = [name for name in MEASURES if any(name in own for _, own in columns)]
    everything = others.get("all", {"measures": {}})["measures"].get(_PERPLEXITY)
    return Chance(
        number=number,
        path=path,
        facts=facts,
        columns=[name for name, _ in columns],
        rows=[
            (MEASURES[name].title, [_shown(name, own.get(name)) for _, own in columns])
            for name in names
        ],
        drawn=[
            Drawn(os.path.basename(name), own["measures"][_PERPLEXITY], draws)
            for name, own in selections.items()
            if (draws := own["random"].get(_PERPLEXITY, {}).get("values"))
        ],
        everything=everything,
    )


def _shown(name: str, value: Any) -> str:
    """A figure, or the mean and deviation of several."""
    measure = MEASURES[name]
    if isinstance(value, dict):
        return spread_shown(measure, Spread(value["mean"], value["deviation"]))
    return shown(measure, value)

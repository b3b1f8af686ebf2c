"""How much to keep: the share whose text makes the best language model of a development set.

After XenC's best point (Rousseau 2013): models are trained on nested shares of the ranked pool,
and the one of lowest perplexity on text like that which is to come decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from dataselect.console import figure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.models.language_model.corpus import TokenizedCorpus
    from dataselect.models.language_model.development_set import DevelopmentSet

Item = TypeVar("Item")
Result = TypeVar("Result")
_FIRST = [Fraction(percent, 100) for percent in (1, 2, 5, 10, 20, 30, 50, 70, 100)]
_DRAWS = 5
_CLOSE = 2.0  # standard deviations: the best of many shares is that much better by chance
_REFINEMENTS = 2  # each halves the steps beside the best share: 10, 20, 30 % end as 15 to 25 %


class Point(NamedTuple):
    """A kept share, the records and words in it, and the development perplexity of its model."""

    share: Fraction
    records: int
    words: int
    perplexity: float

    def describe(self) -> dict[str, Any]:
        """For the run report."""
        return self._asdict() | {"share": float(self.share)}


@dataclass(frozen=True)
class Sweep:
    """What was tried: the curve by rising share, and random selections as large as the best.

    `random` has their mean perplexity, `deviation` is their standard deviation; 0 where there is
    one. `everything`: all of the pool, which other rules may keep from being the last share.
    `copies`: records of the pool whose text is also in the development set.
    """

    curve: list[Point]
    everything: Point
    random: Point
    copies: int
    deviation: float = 0.0

    @property
    def best(self) -> Point:
        """The point of lowest perplexity; of equal ones that of the smallest share."""
        return _lowest(self.curve)

    def summary(self) -> str:
        """One line for people."""
        spread = f" ± {self.deviation:.2g}" if self.deviation else ""
        best, chance, everything = (
            figure(point.perplexity) for point in (self.best, self.random, self.everything)
        )
        return (
            f"development perplexity {best} of the best share, {float(self.best.share):.1%} "
            f"(random of equal size: {chance}{spread}, all: {everything})"
        )

    def warnings(self) -> list[str]:
        """What a person should know before trusting the cut."""
        found = []
        if self.everything.perplexity <= self.best.perplexity:
            found.append("no share of the ranking beats keeping everything on the --auto text")
        elif self.random.perplexity - _CLOSE * self.deviation <= self.best.perplexity:
            found.append(
                "a random selection of equal size does as well on the --auto text, or nearly"
            )
        if self.copies:
            found.append(
                f"{self.copies:,} records are copies of --auto text, and make it look easy; "
                "leave them out with --exclude"
            )
        return found

    def describe(self) -> dict[str, Any]:
        """For the run report."""
        from dataselect.models.language_model.development_set import ORDER

        return {
            "order": ORDER,
            "best": self.best.describe(),
            "everything": self.everything.describe(),
            "random": {**self.random.describe(), "deviation": self.deviation},
            "curve": [point.describe() for point in self.curve],
            "copies": self.copies,
        }


@dataclass(frozen=True)
class _Trial:
    """Trains a model on some of the pool, and tries it; picklable."""

    pool: TokenizedCorpus
    development: DevelopmentSet

    def __call__(self, item: tuple[Fraction, NDArray[np.bool_]]) -> Point:
        share, kept = item
        part = self.pool.part(kept)
        return Point(share, len(part), part.words, self.development.perplexity(part))


class Mapped(Protocol):
    """A function like `map`."""

    def __call__(
        self, function: Callable[[Item], Result], items: Iterable[Item], /
    ) -> Iterable[Result]:
        """Results in the order of items."""


def sweep(
    texts: Iterable[Sequence[str]],
    development: Sequence[str],
    kept_at: Callable[[Fraction], NDArray[np.bool_]],
    rng: np.random.Generator,
    left: NDArray[np.bool_] | None = None,
    mapped: Mapped = map,
) -> Sweep | None:
    """Try shares of a ranked pool, ever finer around the best; None if every one is empty.

    `texts`: the pool's, in batches; `kept_at(share)`: (n,) which records a share keeps; `left`
    (n,): those that a share is compared with, all if None. `mapped`: `map`, or one that trains
    models side by side. All models know all words of the pool and of the development set, so that
    their perplexities compare.
    Holds 4 bytes a word, and what it takes to train a model on the whole pool.
    """
    import numpy as np

    from dataselect.models.language_model.corpus import TokenizedCorpus, drawn
    from dataselect.models.language_model.development_set import DevelopmentSet
    from dataselect.models.language_model.vocabulary import Vocabulary

    vocabulary = Vocabulary()
    pool = TokenizedCorpus.encoded(texts, vocabulary)
    pool = pool if left is None else pool.part(left)
    heard = TokenizedCorpus.encoded([development], vocabulary)
    trial = _Trial(pool, DevelopmentSet(vocabulary, heard))
    points: dict[Fraction, Point] = {}

    def selections(shares: Iterable[Fraction]) -> Iterator[tuple[Fraction, NDArray[np.bool_]]]:
        for share in shares:
            if (kept := kept_at(share)).any():
                yield share, kept if left is None else kept[left]

    def try_shares(shares: Iterable[Fraction]) -> None:
        untried = [share for share in shares if share not in points]
        points.update({point.share: point for point in mapped(trial, selections(untried))})

    try_shares(_FIRST)
    for _ in range(_REFINEMENTS if points else 0):
        best = _lowest(points.values()).share
        around = [Fraction(0), *sorted(points)]
        place = around.index(best)
        try_shares([(best + neighbour) / 2 for neighbour in around[place - 1 : place + 2]])
    if not points:
        return None
    best_point = _lowest(points.values())
    everything = points.get(Fraction(1))
    if everything is None or everything.records < len(pool):  # another rule left something out
        everything = trial((Fraction(1), np.ones(len(pool), bool)))
    # All draws of the whole pool are the same.
    draws = _DRAWS if best_point.records < len(pool) else 1
    share, records = best_point.share, best_point.records
    chosen = ((share, drawn(len(pool), records, rng)) for _ in range(draws))
    random = list(mapped(trial, chosen))
    perplexities = [each.perplexity for each in random]
    return Sweep(
        [points[share] for share in sorted(points)],
        everything=everything,
        random=random[0]._replace(
            words=round(fmean(each.words for each in random)), perplexity=fmean(perplexities)
        ),
        copies=pool.copies_of(heard),
        deviation=stdev(perplexities) if draws > 1 else 0.0,
    )


def _lowest(points: Iterable[Point]) -> Point:
    """The point of lowest perplexity; of equal ones that of the smallest share."""
    return min(points, key=lambda point: (point.perplexity, point.share))

"""How much to keep: the share whose text makes the best language model of a development set.

After XenC's best point (Rousseau 2013): models are trained on nested shares of the ranked pool,
and the one of lowest perplexity on text like that which is to come decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FIRST = [Fraction(percent, 100) for percent in (1, 2, 5, 10, 20, 30, 50, 70, 100)]
_REFINEMENTS = 2  # each halves the steps beside the best share: 10, 20, 30 % end as 15 to 25 %
ORDER = 3


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
    """What was tried: the curve by rising share, and a random selection as large as the best.

    `everything`: all of the pool, which other rules may keep from being the last share. `copies`:
    records of the pool whose text is also in the development set.
    """

    curve: list[Point]
    everything: Point
    random: Point
    copies: int

    @property
    def best(self) -> Point:
        """The point of lowest perplexity; of equal ones that of the smallest share."""
        return _lowest(self.curve)

    def summary(self) -> str:
        """One line for people."""
        return (
            f"development perplexity {self.best.perplexity:.5g} of the best share, "
            f"{float(self.best.share):.1%} (random of equal size: {self.random.perplexity:.5g}, "
            f"all: {self.everything.perplexity:.5g})"
        )

    def warnings(self) -> list[str]:
        """What a person should know before trusting the cut."""
        found = []
        if self.everything.perplexity <= self.best.perplexity:
            found.append("no share of the ranking beats keeping everything on the --auto text")
        elif self.random.perplexity <= self.best.perplexity:
            found.append("a random selection of equal size does as well on the --auto text")
        if self.copies:
            found.append(
                f"{self.copies:,} records are copies of --auto text, and make it look easy"
            )
        return found

    def describe(self) -> dict[str, Any]:
        """For the run report."""
        return {
            "order": ORDER,
            "best": self.best.describe(),
            "everything": self.everything.describe(),
            "random": self.random.describe(),
            "curve": [point.describe() for point in self.curve],
            "copies": self.copies,
        }


def sweep(
    texts: Iterable[Sequence[str]],
    development: Sequence[str],
    kept_at: Callable[[Fraction], NDArray[np.bool_]],
    rng: np.random.Generator,
) -> Sweep | None:
    """Try shares of a ranked pool, ever finer around the best; None if every one is empty.

    `texts`: the pool's, in batches; `kept_at(share)`: (n,) which records a share keeps. All models
    know all words of the pool and of the development set, so that their perplexities compare.
    Holds 4 bytes a word, and what it takes to train a model on the whole pool.
    """
    trial = _Trial(texts, development)
    points: dict[Fraction, Point] = {}

    def try_share(share: Fraction) -> None:
        if share not in points and (kept := kept_at(share)).any():
            points[share] = trial.point(share, kept)

    for share in _FIRST:
        try_share(share)
    for _ in range(_REFINEMENTS if points else 0):
        best = _lowest(points.values()).share
        around = [Fraction(0), *sorted(points)]
        place = around.index(best)
        for neighbour in around[place - 1 : place + 2]:
            try_share((best + neighbour) / 2)
    if not points:
        return None
    best_point = _lowest(points.values())
    last, everything = points.get(Fraction(1)), trial.everything
    if last is None or last.records < len(everything):  # another rule left something out
        last = trial.point(Fraction(1), everything)
    return Sweep(
        [points[share] for share in sorted(points)],
        everything=last,
        random=trial.point(best_point.share, trial.random(best_point.records, rng)),
        copies=trial.copies,
    )


def _lowest(points: Iterable[Point]) -> Point:
    """The point of lowest perplexity; of equal ones that of the smallest share."""
    return min(points, key=lambda point: (point.perplexity, point.share))


class _Trial:
    """A pool and a development set as numbers, ready to train on any part of the pool."""

    def __init__(self, texts: Iterable[Sequence[str]], development: Sequence[str]) -> None:
        import numpy as np

        from dataselect.engines.lm.vocabulary import BEGIN, Vocabulary

        self._vocabulary = Vocabulary()
        heard = set(development)
        self.copies = 0
        batches = [np.empty(0, np.int32)]
        for batch in texts:
            self.copies += sum(map(heard.__contains__, batch))
            batches.append(self._vocabulary.encode(batch, grow=True))
        self._tokens = np.concatenate(batches)
        self._development = self._vocabulary.encode(development, grow=True)
        self._events = len(self._development) - len(development)
        begins = np.flatnonzero(self._tokens == BEGIN)
        self._lengths = np.diff(begins, append=len(self._tokens))

    def point(self, share: Fraction, kept: NDArray[np.bool_]) -> Point:
        """Train on the records of a mask, (n,), and take the perplexity of the development set."""
        import numpy as np

        from dataselect.engines.lm.kneser_ney import estimate
        from dataselect.engines.lm.language_model import perplexity

        tokens = self._tokens[np.repeat(kept, self._lengths)]
        model = estimate(tokens, self._vocabulary, order=ORDER).model
        log_prob = float(model.score(self._development).log_probs.sum())
        records = int(kept.sum())
        words = len(tokens) - 2 * records
        return Point(share, records, words, float(perplexity(log_prob, self._events)))

    @property
    def everything(self) -> NDArray[np.bool_]:
        """(n,) a mask of all records."""
        return self._lengths > 0

    def random(self, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """(n,) a mask of `count` records drawn at random."""
        import numpy as np

        mask = np.zeros(len(self._lengths), bool)
        mask[rng.choice(len(mask), count, replace=False)] = True
        return mask

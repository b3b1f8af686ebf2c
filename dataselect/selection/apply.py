"""The fate of each record by rules that rank, one after the other, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dataselect.selection.external_ranking import Selected, choose
from dataselect.selection.ranking import RankedRows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = 0
"""The fate of what is kept; every other number is a reason to drop."""

_BLOCK = 1 << 17  # records: their arrays stay in the cache


class Candidates(NamedTuple):
    """Records of a part before they are ranked, in input order; the first is at position `first`.

    `fates` (n,) uint8 so far; `keys` (n,) to rank by, highest best, -inf for what is never kept;
    `costs` (n,), 1 where None; `codes` (n,) of groups, 0 where None.
    """

    first: int
    fates: NDArray[np.uint8]
    keys: NDArray[np.float64]
    costs: NDArray[np.float64] | None
    codes: NDArray[np.integer] | None

    def blocks(self) -> Iterator[Candidates]:
        """The same records, a few at a time."""
        for start in range(0, len(self.keys), _BLOCK):
            own = slice(start, start + _BLOCK)
            yield Candidates(
                self.first + start,
                self.fates[own],
                self.keys[own],
                None if self.costs is None else self.costs[own],
                None if self.codes is None else self.codes[own],
            )


class Rule(NamedTuple):
    """Of the records of fate `highest` or lower, keep what `budgets` (g,) buy in each group.

    The others get the fate `otherwise`, or stay as they are. Each costs 1 unless `by_cost`.
    """

    budgets: NDArray[np.float64]
    highest: int = KEPT
    otherwise: int | None = None
    by_cost: bool = False

    def rows(self, contest: Candidates) -> RankedRows:
        """The records to rank, with those out of the question among them."""
        import numpy as np

        ranked = contest.fates <= self.highest
        return RankedRows(
            np.arange(contest.first, contest.first + len(ranked)),
            contest.keys if ranked.all() else np.where(ranked, contest.keys, -np.inf),
            contest.costs if self.by_cost else None,
            contest.codes,
        )

    def apply(self, contest: Candidates, choice: Selected) -> NDArray[np.uint8]:
        """(n,) the fates after what was chosen."""
        fates = contest.fates.copy()
        chosen = choice.mask(self.rows(contest))
        if self.otherwise is not None:
            fates[fates <= self.highest] = self.otherwise
        fates[chosen] = KEPT
        return fates


Contests = Callable[[], Iterable[Candidates]]
"""Yields all parts in input order; called once a pass."""


def settled(contests: Contests, rules: Sequence[Rule], limit: int, *, once: bool) -> Contests:
    """The parts with their fates after all rules; see `choose` for `limit`.

    `once`: fates are worked out once and held, not again in every pass.
    """
    for rule in rules:
        contests = _after(contests, rule, limit)
        if once:
            contests = partial(iter, tuple(contests()))
    return contests


def _after(contests: Contests, rule: Rule, limit: int) -> Contests:
    import numpy as np

    def rows() -> Iterator[RankedRows]:
        for contest in contests():
            yield from map(rule.rows, contest.blocks())

    choice = choose(rows, rule.budgets, limit)

    def after() -> Iterator[Candidates]:
        for contest in contests():
            fates = [rule.apply(block, choice) for block in contest.blocks()]
            yield contest._replace(fates=np.concatenate([contest.fates[:0], *fates]))

    return after


def sizes(contests: Contests, groups: int | None) -> list[int]:
    """The number of records of each group, or of all, with those that are never kept."""
    import numpy as np

    totals = np.zeros(1 if groups is None else groups, np.int64)
    for contest in contests():
        if contest.codes is None:
            totals += len(contest.keys)
        else:
            totals += np.bincount(contest.codes, minlength=len(totals))
    return totals.tolist()

"""Rules that rank, one after the other, part by part: each record is kept or gets a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dataselect.selection.external_ranking import Selected, select_best
from dataselect.selection.ranking import RankedRows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.selection.reasons import Reason

KEPT = 0
"""The decision on what is kept; every other number is that of a reason, from 1."""

_BLOCK = 1 << 17  # records: their arrays stay in the cache


class ScoredPart(NamedTuple):
    """The records of one part of the input, in order: `scores` (n,), and what a selection needs.

    `costs`, and the codes of `Groups` and `Excluded`, are (n,) where they are there.
    """

    scores: NDArray[np.float64]
    costs: NDArray[np.float64] | None = None
    groups: NDArray[np.integer] | None = None
    excluded: NDArray[np.uint8] | None = None


Parts = Callable[[], Iterable[ScoredPart]]
"""Reads all parts in input order; called once a pass."""


class Groups(NamedTuple):
    """The value of the `--per` field of each record: `names[codes[i]]`. `codes` is (n,) integer."""

    codes: NDArray[np.integer]
    names: Sequence[str]


class Excluded(NamedTuple):
    """What the scorer leaves out before any rule.

    `codes` (n,) uint8: 0, or the place of a reason in `reasons`, from 1.
    """

    codes: NDArray[np.uint8]
    reasons: Sequence[Reason]


class Cut(NamedTuple):
    """What a selection did with n records.

    `decisions` (n,) uint8: 0 for kept, or the place in `reasons`, from 1, of why it was dropped.
    """

    decisions: NDArray[np.uint8]
    reasons: Sequence[Reason]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """(n,) whether each record is kept."""
        mask: NDArray[np.bool_] = self.decisions == 0
        return mask

    def counts(self) -> dict[Reason, int]:
        """How many records each reason dropped, those in force that dropped none included."""
        import numpy as np

        counts = np.bincount(self.decisions, minlength=len(self.reasons) + 1).tolist()[1:]
        return {
            reason: count
            for reason, count in zip(self.reasons, counts, strict=True)
            if reason.is_exclusion or reason.value is not None
        }


class Candidates(NamedTuple):
    """Records of a part before they are ranked, in input order; the first is at position `first`.

    `decisions` (n,) uint8 so far; `keys` (n,) to rank by, highest best, -inf for what is never
    kept; `costs` (n,), 1 where None; `codes` (n,) of groups, 0 where None.
    """

    first: int
    decisions: NDArray[np.uint8]
    keys: NDArray[np.float64]
    costs: NDArray[np.float64] | None
    codes: NDArray[np.integer] | None

    def blocks(self) -> Iterator[Candidates]:
        """The same records, a few at a time."""
        for start in range(0, len(self.keys), _BLOCK):
            own = slice(start, start + _BLOCK)
            yield Candidates(
                self.first + start,
                self.decisions[own],
                self.keys[own],
                None if self.costs is None else self.costs[own],
                None if self.codes is None else self.codes[own],
            )


class RankingRule(NamedTuple):
    """In each group, keep the best records up to its budget, of those that compete.

    Those do whose decision is at most `competes`: KEPT, or some reasons that this rule overrules.
    Records that lose get the reason `loser`, or keep theirs if it is None. `budgets` (g,) are
    numbers of records, or costs where `by_cost`.
    """

    budgets: NDArray[np.float64]
    competes: int = KEPT
    loser: int | None = None
    by_cost: bool = False

    def rows(self, candidates: Candidates) -> RankedRows:
        """The records to rank; those that do not compete have the key -inf."""
        import numpy as np

        ranked = candidates.decisions <= self.competes
        return RankedRows(
            np.arange(candidates.first, candidates.first + len(ranked)),
            candidates.keys if ranked.all() else np.where(ranked, candidates.keys, -np.inf),
            candidates.costs if self.by_cost else None,
            candidates.codes,
        )

    def apply(self, candidates: Candidates, selected: Selected) -> NDArray[np.uint8]:
        """(n,) the decisions after the rule, which keeps `selected`."""
        decisions = candidates.decisions.copy()
        chosen = selected.mask(self.rows(candidates))
        if self.loser is not None:
            decisions[decisions <= self.competes] = self.loser
        decisions[chosen] = KEPT
        return decisions


CandidateParts = Callable[[], Iterable[Candidates]]
"""Yields all parts in input order; called once a pass."""


def apply_rules(
    parts: CandidateParts, rules: Sequence[RankingRule], limit: int, *, once: bool
) -> CandidateParts:
    """The parts with their decisions after all rules, each of which sees those of the one before.

    `limit`: see `select_best`. `once`: decisions are made once and held, not again in every pass.
    """
    for rule in rules:
        parts = _after(parts, rule, limit)
        if once:
            parts = partial(iter, tuple(parts()))
    return parts


def _after(parts: CandidateParts, rule: RankingRule, limit: int) -> CandidateParts:
    import numpy as np

    def rows() -> Iterator[RankedRows]:
        for candidates in parts():
            yield from map(rule.rows, candidates.blocks())

    selected = select_best(rows, rule.budgets, limit)

    def after() -> Iterator[Candidates]:
        for candidates in parts():
            blocks = [rule.apply(block, selected) for block in candidates.blocks()]
            decisions = np.concatenate([candidates.decisions[:0], *blocks])
            yield candidates._replace(decisions=decisions)

    return after


def sizes(parts: CandidateParts, groups: int | None) -> list[int]:
    """The number of records of each group, or of all, with those that are never kept."""
    import numpy as np

    totals = np.zeros(1 if groups is None else groups, np.int64)
    for candidates in parts():
        if candidates.codes is None:
            totals += len(candidates.keys)
        else:
            totals += np.bincount(candidates.codes, minlength=len(totals))
    return totals.tolist()

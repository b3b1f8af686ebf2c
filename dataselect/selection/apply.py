"""Rules that rank and copies left out, block by block: each record is kept or gets a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from dataselect.selection.external_ranking import LIMIT, select_best
from dataselect.selection.ranking import RankedRows, floored, gain
from dataselect.selection.score_table import Numbers, blocks, each_block

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.selection.ranking import Direction
    from dataselect.selection.reasons import Reason

KEPT = 0
"""The decision on what is kept; every other number is that of a reason, from 1."""


class Excluded(NamedTuple):
    """What is left out before any rule.

    `codes` (n,) uint8: 0, or the place of a reason in `reasons`, from 1.
    """

    codes: Numbers
    reasons: Sequence[Reason]


class Cut(NamedTuple):
    """What a selection did with n records.

    `decisions` (n,) uint8: 0 for kept, or the place in `reasons`, from 1, of why it was dropped.
    """

    decisions: Numbers
    reasons: Sequence[Reason]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """(n,) whether each record is kept."""
        mask: NDArray[np.bool_] = self.decisions[:] == KEPT
        return mask

    def part(self, own: slice) -> Cut:
        """What was done with some of the records."""
        return Cut(self.decisions[own], self.reasons)

    def counts(self) -> dict[Reason, int]:
        """How many records each reason dropped, those in force that dropped none included."""
        import numpy as np

        counts = np.bincount(self.decisions[:], minlength=len(self.reasons) + 1).tolist()[1:]
        return {
            reason: count
            for reason, count in zip(self.reasons, counts, strict=True)
            if reason.is_exclusion or reason.value is not None
        }


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


class Candidates(NamedTuple):
    """Records to be ranked, in input order, in memory or on disk.

    `keys` (n,), times `sign` highest best, -inf for what is never kept; `costs` (n,), 1 where
    None; `codes` (n,) of groups, 0 where None.
    """

    keys: Numbers
    sign: int
    costs: Numbers | None
    codes: Numbers | None

    def apply(self, rule: RankingRule, decisions: Numbers, limit: int | None = None) -> Numbers:
        """(n,) the decisions after a rule; `limit`: see `select_best`."""

        def rows(own: slice) -> RankedRows:
            """Those that do not compete have the key -inf."""
            import numpy as np

            keys = self.keys[own] if self.sign > 0 else -self.keys[own]
            competes = decisions[own] <= rule.competes
            costs = None
            if rule.by_cost and self.costs is not None:
                costs = floored(self.costs[own], float(rule.budgets[0]))
            return RankedRows(
                np.arange(own.start, own.stop),
                keys if competes.all() else np.where(competes, keys, -np.inf),
                costs,
                None if self.codes is None else self.codes[own],
            )

        def decided(own: slice) -> NDArray[np.uint8]:
            import numpy as np

            found = np.array(decisions[own])
            if rule.loser is not None:
                found[found <= rule.competes] = rule.loser
            found[selected.mask(rows(own))] = KEPT
            return found

        size = len(self.keys)
        selected = select_best(lambda: map(rows, blocks(size)), rule.budgets, limit)
        return each_block("B", size, decided)


def worse_copies(
    keys: Numbers,
    scores: Numbers,
    excluded: Numbers | None,
    direction: Direction,
    limit: int = LIMIT,
) -> NDArray[np.bool_]:
    """(n,) which records have the key of a better one; of equal scores the first is the best.

    What is `excluded`, (n,) other than 0, neither is a copy nor has any. Holds a byte a record, and
    about `limit` keys at a time, all of one residue class.
    """
    import numpy as np

    classes = max(1, -(-len(keys) // limit))
    worse = np.zeros(len(keys), bool)
    for residue in range(classes):
        places, own_keys, gains = [], [], []
        for own in blocks(len(keys)):
            found = keys[own]
            competes = found % np.uint64(classes) == residue
            if excluded is not None:
                competes &= excluded[own] == 0
            places.append(own.start + np.flatnonzero(competes))
            own_keys.append(found[competes])
            gains.append(gain(scores[own][competes], direction))
        if places:
            worse[np.concatenate(places)] = _not_the_best(
                np.concatenate(own_keys), np.concatenate(gains)
            )
    return worse


def _not_the_best(keys: NDArray[np.uint64], gains: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) which records are not the first of the highest gain of their key."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    worse = np.zeros(len(keys), bool)
    if same.any():
        # Only records that share a key are sorted further: the best first, the first first.
        copied = order[np.append(same, False) | np.append(False, same)]
        copied = copied[np.lexsort((copied, -gains[copied], keys[copied]))]
        worse[copied[1:]] = keys[copied[1:]] == keys[copied[:-1]]
    return worse

"""What `--unique` leaves out: records whose text a better one has, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataselect.selection.external_ranking import LIMIT
from dataselect.selection.rule import gain
from dataselect.selection.score_table import blocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.selection.rule import Direction
    from dataselect.selection.score_table import Numbers


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

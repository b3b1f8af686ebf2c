"""How much of one selection is in another, beside what chance would give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.analysis.compare.selected_texts import Collection

Means = Literal["id", "text"]
Keys = dict[str, "NDArray[np.uint64]"]


class Overlap(NamedTuple):
    """The `share` of the records of one selection that are in another.

    `chance`: the share of the pool that the other one is, None without a pool.
    """

    of: str
    within: str
    share: float | None
    chance: float | None


def told_apart(collections: Mapping[str, Collection]) -> tuple[Means, Keys]:
    """What tells records apart: ids where every record has one of its own in its file, else text.

    Text is the words in their order. Returns the keys (n,) of each collection, too.
    """
    import numpy as np

    ids = {name: each.ids for name, each in collections.items() if each.ids is not None}
    if len(ids) == len(collections) and all(
        len(np.unique(own)) == len(own) for own in ids.values()
    ):
        return "id", ids
    return "text", {name: each.corpus.keys() for name, each in collections.items()}


def overlaps(keys: Keys, pool_size: int | None) -> list[Overlap]:
    """For each ordered pair of different selections."""
    import numpy as np

    return [
        Overlap(
            of,
            within,
            float(np.isin(own, other).mean()) if len(own) else None,
            len(other) / pool_size if pool_size else None,
        )
        for of, own in keys.items()
        for within, other in keys.items()
        if of != within
    ]


def outside(keys: NDArray[np.uint64], pool: NDArray[np.uint64]) -> int:
    """How many records are not in the pool."""
    import numpy as np

    return int(np.count_nonzero(~np.isin(keys, pool)))

"""Top-k and budgeted selection over scores that do not fit in memory.

A radix selection in several passes, with at most `limit` records held: a pass counts the records
of each group, and what they cost, in buckets of their keys. From the best bucket down, all is
selected as far as the budget goes; the bucket where it ends is divided again, until its records can
be held. What is left of the budget then goes to what it can pay for further down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataselect.selection.ranking import (
    LAST_POSITION,
    Cutoff,
    RankedRows,
    Window,
    affordable,
    keys_at,
    ordinals,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LIMIT = 1 << 17
"""How many records, or counters of them, are held: to read all again is cheaper than to sort many.
"""

Source = Callable[[], Iterable[RankedRows]]
"""Reads all records in input order. Called once a pass."""


class Selected(NamedTuple):
    """Selected records: all that are in one of `windows`, and those at `positions` (m,)."""

    windows: list[Window]
    positions: NDArray[np.int64]

    def mask(self, rows: RankedRows) -> NDArray[np.bool_]:
        """(n,) whether each record is selected. The positions of `rows` are without a gap."""
        import numpy as np

        mask = np.zeros(len(rows.keys), np.bool_)
        for window in self.windows:
            mask |= window.mask(rows)
        if len(mask):
            first = rows.positions[0]
            start, stop = np.searchsorted(self.positions, (first, first + len(mask)))
            mask[self.positions[start:stop] - first] = True
        return mask


def select_best(source: Source, budgets: NDArray[np.float64], limit: int | None = None) -> Selected:
    """In each group, the best records up to its budget, `budgets` (g,): a count, or of their costs.

    A record that costs more than is left is passed over, and worse ones may be selected.
    """
    import numpy as np

    limit = max(limit or LIMIT, len(budgets))  # one record of each group can always be held
    bottom = Cutoff.bottom(len(budgets))
    window = Window(Cutoff.top(len(budgets)), bottom, budgets)
    windows: list[Window] = []
    positions = []
    while True:
        held = _held(source, window, limit)
        if held is None:
            passed, window = _narrowed(source, window, limit)
            windows += passed
            held = _held(source, window, limit)
            assert held is not None
        bought, spent = _bought(held, window.left)
        positions.append(bought)
        # Without costs nothing is passed over: the first records that are held are the last bought.
        if held.costs is None or all(map(np.array_equal, window.upto, bottom)):
            return Selected(windows, np.sort(np.concatenate(positions)))
        window = Window(window.upto, bottom, window.left - spent)


def lowest(
    keys: Callable[[], Iterable[NDArray[np.float64]]],
    counts: Sequence[int],
    limit: int | None = None,
) -> NDArray[np.float64]:
    """(c,) the lowest of the best `counts` (c,) of all keys, which come in arrays; inf where 0."""
    import numpy as np

    def source() -> Iterator[RankedRows]:
        first = 0
        for own in keys():
            yield RankedRows(np.arange(first, first + len(own)), own)
            first += len(own)

    found = np.full(len(counts), np.inf)
    for place, count in enumerate(counts):
        selected = select_best(source, np.array([count], np.float64), limit)
        for rows in source():
            found[place] = min(found[place], rows.keys[selected.mask(rows)].min(initial=np.inf))
    return found


def bucket_of(keys: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.intp]:
    """(n,) the number of the first of `limits` (b,), which fall, that is not above each key.

    Counts from 1; what is below all limits gets b + 1.
    """
    import numpy as np

    return len(limits) - np.searchsorted(limits[::-1], keys, side="right") + 1


def _held(source: Source, window: Window, limit: int) -> RankedRows | None:
    """The records of a window, or None where they are more than `limit`."""
    held: list[RankedRows] = []
    size = 0
    for rows in source():
        held.append(rows.pick(window.mask(rows)))
        size += len(held[-1].keys)
        if size > limit:
            return None
    return _joined(held)


def _joined(parts: list[RankedRows]) -> RankedRows:
    import numpy as np

    if not parts:
        return RankedRows(np.empty(0, np.int64), np.empty(0))
    if len(parts) == 1:
        return parts[0]
    columns = zip(*parts, strict=True)
    joined: Any = (None if own[0] is None else np.concatenate(own) for own in columns)
    return RankedRows(*joined)


def _bought(
    held: RankedRows, left: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Positions of the selected records of some, and (g,) what they cost."""
    import numpy as np

    spent = np.zeros(len(left))
    bought = [np.empty(0, np.int64)]
    for code, rows in _grouped(held, len(left)):
        costs = np.ones(len(rows.keys)) if rows.costs is None else rows.costs
        chosen = affordable(rows.keys, costs, float(left[code]))
        spent[code] = costs[chosen].sum()
        bought.append(rows.positions[chosen])
    return np.concatenate(bought), spent


def _grouped(rows: RankedRows, groups: int) -> Iterator[tuple[int, RankedRows]]:
    """The records of each group that has any."""
    import numpy as np

    if rows.codes is None:
        yield 0, rows
        return
    order = np.argsort(rows.codes, kind="stable")
    ends = np.cumsum(np.bincount(rows.codes, minlength=groups))
    for code, own in enumerate(np.split(order, ends[:-1])):
        if len(own):
            yield code, rows.pick(own)


def _narrowed(source: Source, window: Window, limit: int) -> tuple[list[Window], Window]:
    """Windows that are selected whole, and one of at most `limit` records where the budgets end."""
    import numpy as np

    groups = len(window.left)
    buckets = 1 << max(2, (limit // groups).bit_length() - 1)
    passed = []
    while True:
        scale = _Scale.of(window, buckets)
        counts, costs = scale.totals(source)
        spent = counts if costs is None else costs
        bought = (spent <= window.left[:, np.newaxis]).sum(axis=1)
        counted = _through(counts, bought)
        # With costs, what is left buys a little of many buckets: hold as many as may be.
        room = 0 if costs is None else limit // groups
        upto = np.maximum(bought + 1, (counts <= counted[:, np.newaxis] + room).sum(axis=1))
        passed.append(Window(window.after, scale.cutoff(bought), window.left))
        left = window.left - _through(spent, bought)
        window = Window(scale.cutoff(bought), scale.cutoff(upto), left)
        if (_through(counts, upto) - counted).sum() <= limit:
            return passed, window


def _through(totals: NDArray[np.float64], buckets: NDArray[np.intp]) -> NDArray[np.float64]:
    """(g,) the total of the first `buckets` (g,) of each group; `totals` (g, b) are cumulative."""
    import numpy as np

    last = np.clip(buckets, 1, totals.shape[1]) - 1
    return np.where(buckets > 0, totals[np.arange(len(totals)), last], 0)


class _Scale(NamedTuple):
    """How the window of each group is divided into `buckets` of equal width, the best first.

    A group where only records of one key are left, `tied` (g,), is divided by their positions.
    """

    window: Window
    buckets: int
    tied: NDArray[np.bool_]
    first: NDArray[np.int64]
    width: NDArray[np.uint64]
    shift: NDArray[np.uint64]

    @classmethod
    def of(cls, window: Window, buckets: int) -> _Scale:
        """Divide a window into `buckets`, a power of two above 2, or fewer."""
        import numpy as np

        after, upto = window.after, window.upto
        is_past = after.positions == LAST_POSITION
        first, last = ordinals(after.keys) + is_past, ordinals(upto.keys)
        tied = first == last
        first = np.where(tied, np.where(is_past, 0, after.positions + 1), first)
        last = np.where(tied, upto.positions, last)
        # A difference of two places may need all 64 bits.
        width = np.where(first > last, 0, last - first).view(np.uint64)
        _, bits = np.frexp(width.astype(np.float64))  # may be rounded up: half of the buckets
        shift = np.maximum(0, bits - (buckets.bit_length() - 1)).astype(np.uint64)
        return cls(window, buckets, tied, first, width, shift)

    def totals(self, source: Source) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """(g, b) how many records are in a bucket and the better ones, and what they cost."""
        import numpy as np

        counts = np.zeros((len(self.first), self.buckets))
        costs = None
        for rows in source():
            inside = rows.pick(self.window.mask(rows))
            cells = self._cells(inside)
            np.add.at(counts.reshape(-1), cells, 1.0)  # an int would be ten times slower
            if inside.costs is not None:
                costs = np.zeros_like(counts) if costs is None else costs
                np.add.at(costs.reshape(-1), cells, inside.costs)
        np.cumsum(counts, axis=1, out=counts)
        return counts, None if costs is None else np.cumsum(costs, axis=1, out=costs)

    def _cells(self, rows: RankedRows) -> NDArray[np.int64]:
        """(n,) the bucket of each record of the window, and of its group."""
        import numpy as np

        standing = ordinals(rows.keys)
        if self.tied.any():
            standing = np.where(rows.of_group(self.tied), rows.positions, standing)
        standing -= rows.of_group(self.first)
        cells: NDArray[np.int64] = standing.view(np.uint64) >> rows.of_group(self.shift)
        cells = cells.view(np.int64)
        if rows.codes is not None:
            cells += rows.codes.astype(np.int64) * self.buckets
        return cells

    def cutoff(self, buckets: NDArray[np.intp]) -> Cutoff:
        """The cutoff after the first `buckets` (g,) of each group."""
        import numpy as np

        beyond = self.first + (buckets << self.shift.astype(np.int64))
        middle = Cutoff(
            np.where(self.tied, self.window.upto.keys, keys_at(beyond - 1)),
            np.where(self.tied, beyond - 1, LAST_POSITION),
        )
        is_last = buckets.astype(np.uint64) > self.width >> self.shift
        within = [np.where(is_last, *pair) for pair in zip(self.window.upto, middle, strict=True)]
        start = buckets == 0
        return Cutoff(
            *(np.where(start, *pair) for pair in zip(self.window.after, within, strict=True))
        )

"""Scores, costs and groups of all records, in input order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dataselect.data.files.temporary_files import TemporaryFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK = 1 << 17  # records: their arrays stay in the cache


class Numbers(Protocol):
    """Numbers that are read in slices: an array, or a file of them."""

    def __len__(self) -> int: ...
    def __getitem__(self, own: slice, /) -> NDArray[Any]: ...


class Groups(NamedTuple):
    """The value of the `--per` field of each record: `names[codes[i]]`. `codes` is (n,) integer."""

    codes: Numbers
    names: Sequence[str]


def blocks(size: int) -> list[slice]:
    """So many records, a few at a time."""
    return [slice(first, min(first + _BLOCK, size)) for first in range(0, size, _BLOCK)]


def group_sizes(
    codes: Numbers | None,
    size: int,
    groups: int,
    decisions: Numbers | None = None,
) -> list[int]:
    """The number of records of each group; with `decisions` only of those that are kept."""
    import numpy as np

    if codes is None:
        return [size]
    totals = np.zeros(groups, np.int64)
    for own in blocks(size):
        part = codes[own] if decisions is None else codes[own][decisions[own] == 0]
        totals += np.bincount(part, minlength=groups)
    return totals.tolist()


class NumberFile:
    """Numbers in an unlinked temporary file, in the order in which they are appended.

    `kind`: as of `array.array`. A slice reads them; where there is no room, `append` raises
    OutputError.
    """

    def __init__(self, kind: str, parts: Iterable[NDArray[Any]] = ()) -> None:
        self._kind = kind
        self._size = 0
        self._scratch: TemporaryFile | None = None
        for part in parts:
            self.append(part)

    def append(self, numbers: NDArray[Any] | Sequence[int] | None) -> None:
        """Add numbers at the end."""
        import numpy as np

        if numbers is not None and len(numbers):
            if self._scratch is None:
                self._scratch = TemporaryFile("holding scores")
            self._scratch.write(np.asarray(numbers, self._kind).tobytes())
            self._size += len(numbers)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, own: slice) -> NDArray[Any]:
        import numpy as np

        start, stop, _ = own.indices(self._size)
        found = np.empty(max(0, stop - start), self._kind)
        if self._scratch is not None and len(found):
            left, place = memoryview(found.data).cast("B"), start * found.itemsize
            while left:
                done = os.preadv(self._scratch.file.fileno(), [left], place)
                left, place = left[done:], place + done
        return found

    def __del__(self) -> None:
        if self._scratch is not None:
            self._scratch.file.close()


def each_block(kind: str, size: int, make: Callable[[slice], NDArray[Any]]) -> Numbers:
    """(n,) what `make` gives for the blocks of so many records; in memory where there is one."""
    import numpy as np

    if size <= _BLOCK:
        return np.asarray(make(slice(0, size)), kind)
    return NumberFile(kind, map(make, blocks(size)))


class ScoreTable:
    """All that a selection needs of each record, on disk: 8 bytes a score, and a key of its text.

    A budget takes 8 bytes more, an order of its own 8, `--per` 4, exclusions 1.
    """

    def __init__(self) -> None:
        self._columns = {name: NumberFile(kind) for name, kind in _KINDS.items()}
        self._names: dict[str, int] = {}

    def add(self, groups: Sequence[str] | Groups | None, **columns: NDArray[Any] | None) -> None:
        """Add the next records: `scores`, `keys`, `costs`, `excluded` and `order`, (n,) each."""
        import numpy as np

        for name, numbers in columns.items():
            self._columns[name].append(numbers)
        names = self._names
        if isinstance(groups, Groups):
            places = [names.setdefault(name, len(names)) for name in groups.names]
            self._columns["codes"].append(np.array(places, np.intc)[groups.codes[:]])
        elif groups is not None:
            self._columns["codes"].append([names.setdefault(name, len(names)) for name in groups])

    @property
    def scores(self) -> Numbers:
        """(n,) the scores of all records."""
        return self._columns["scores"]

    @property
    def keys(self) -> Numbers:
        """(n,) uint64 hashes of texts that copies share."""
        return self._columns["keys"]

    @property
    def costs(self) -> Numbers | None:
        """(n,) what each record costs, or None where each costs 1."""
        return self._columns["costs"] or None

    @property
    def groups(self) -> Groups | None:
        """The group of each record, numbered in the order of first sight, or None."""
        codes = self._columns["codes"]
        return Groups(codes, list(self._names)) if codes else None

    @property
    def excluded(self) -> Numbers | None:
        """(n,) uint8 the exclusion of each record, 0 for none; or None where there are none."""
        return self._columns["excluded"] or None

    def exclude(self, records: NDArray[np.bool_], code: int) -> None:
        """Exclude the records of a mask, (n,), beside those that are excluded already."""
        import numpy as np

        before = self.excluded

        def codes(own: slice) -> NDArray[np.uint8]:
            others = np.uint8(0) if before is None else before[own]
            return np.where(records[own], np.uint8(code), others)

        self._columns["excluded"] = NumberFile("B", map(codes, blocks(len(records))))

    @property
    def order(self) -> Numbers | None:
        """(n,) what records are sorted by, lowest first, or None where that is their score."""
        return self._columns["order"] or None


_KINDS = {"scores": "d", "keys": "Q", "costs": "d", "codes": "i", "excluded": "B", "order": "d"}

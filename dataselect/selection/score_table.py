"""Scores, costs and groups of all records, in input order."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.selection.apply import Groups


class ScoreTable:
    """All that a selection needs of each record, in memory: 8 bytes a score.

    Keys of texts take 8 bytes more, a budget 8, an order of its own 8, `--per` 4, exclusions 1.
    """

    def __init__(self) -> None:
        self._scores = array("d")
        self._costs = array("d")
        self._order = array("d")
        self._codes = array("i")
        self._excluded = array("B")
        self._keys = array("Q")
        self._names: dict[str, int] = {}

    def add(
        self,
        scores: NDArray[np.float64],
        costs: NDArray[np.float64] | None,
        groups: Sequence[str] | None,
        excluded: NDArray[np.uint8] | None = None,
        order: NDArray[np.float64] | None = None,
        keys: NDArray[np.uint64] | None = None,
    ) -> None:
        """Add the next records."""
        self._scores.frombytes(scores.tobytes())
        if costs is not None:
            self._costs.frombytes(costs.tobytes())
        if groups is not None:
            names = self._names
            self._codes.extend([names.setdefault(name, len(names)) for name in groups])
        if excluded is not None:
            self._excluded.frombytes(excluded.tobytes())
        if order is not None:
            self._order.frombytes(order.tobytes())
        if keys is not None:
            self._keys.frombytes(keys.tobytes())

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n,) the scores of all records."""
        import numpy as np

        return np.frombuffer(self._scores, dtype=np.float64)

    @property
    def costs(self) -> NDArray[np.float64] | None:
        """(n,) what each record costs, or None where each costs 1."""
        import numpy as np

        return np.frombuffer(self._costs, dtype=np.float64) if self._costs else None

    @property
    def groups(self) -> Groups | None:
        """The group of each record, numbered in the order of first sight, or None."""
        import numpy as np

        from dataselect.selection.apply import Groups

        if not self._codes:
            return None
        return Groups(np.frombuffer(self._codes, dtype=np.intc), list(self._names))

    @property
    def excluded(self) -> NDArray[np.uint8] | None:
        """(n,) the scorer's exclusion of each record, or None where it excludes nothing."""
        import numpy as np

        return np.frombuffer(self._excluded, dtype=np.uint8) if self._excluded else None

    @property
    def keys(self) -> NDArray[np.uint64]:
        """(n,) hashes of texts that copies share."""
        import numpy as np

        return np.frombuffer(self._keys, dtype=np.uint64)

    @property
    def order(self) -> NDArray[np.float64] | None:
        """(n,) what records are sorted by, lowest first, or None where that is their score."""
        import numpy as np

        return np.frombuffer(self._order, dtype=np.float64) if self._order else None

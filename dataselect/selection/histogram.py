"""Quantiles of any number of scores in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUANTILES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


class Distribution:
    """Quantiles of any number of scores in constant memory, to within 0.4 % of the value.

    Counts scores by the upper bits of their double (sign, exponent, 8 bits of fraction), as HDR
    histograms do; the minimum and maximum are exact. The order of the scores does not matter.
    """

    _DROPPED_BITS = 44
    _MAGNITUDE, _SUBNORMAL = (1 << 19) - 1, (1 << 8) - 1  # of keys; what is subnormal counts as 0

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._lowest = float("inf")
        self._highest = float("-inf")

    def add(self, scores: NDArray[np.float64]) -> None:
        """Count some scores."""
        import numpy as np

        if not len(scores):
            return
        self._lowest = min(self._lowest, float(scores.min()))
        self._highest = max(self._highest, float(scores.max()))
        bits = scores.view(np.int64) >> self._DROPPED_BITS
        keys, counts = np.unique(bits, return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            self._counts[key] = self._counts.get(key, 0) + count

    def merge(self, other: Distribution) -> None:
        """Count the scores of another one, too."""
        self._lowest = min(self._lowest, other._lowest)
        self._highest = max(self._highest, other._highest)
        for key, count in other._counts.items():
            self._counts[key] = self._counts.get(key, 0) + count

    def as_json(self) -> dict[str, Any]:
        """All that `of_json` needs, as JSON can say it: null for no lowest and no highest."""
        return {
            "counts": list(self._counts.items()),
            "lowest": self._lowest,
            "highest": self._highest,
        }

    @classmethod
    def of_json(cls, noted: dict[str, Any]) -> Distribution:
        """What `as_json` gave."""
        found = cls()
        found._counts = dict(noted["counts"])
        if found._counts:
            found._lowest, found._highest = noted["lowest"], noted["highest"]
        return found

    @property
    def total(self) -> int:
        """How many scores there are."""
        return sum(self._counts.values())

    def _value(self, key: int) -> float:
        import numpy as np

        if key & self._MAGNITUDE <= self._SUBNORMAL:
            return 0.0
        middle = (np.int64(key) << self._DROPPED_BITS) + (np.int64(1) << (self._DROPPED_BITS - 1))
        return float(middle.view(np.float64))

    def quantiles(self) -> dict[str, float]:
        """Each of QUANTILES to its score; empty if there was none."""
        total = self.total
        if not total:
            return {}
        by_value = sorted((self._value(key), count) for key, count in self._counts.items())
        found: dict[str, float] = {}
        for quantile in QUANTILES:
            rank, passed = quantile * (total - 1), 0
            for value, count in by_value:
                passed += count
                if passed > rank:
                    found[f"{quantile:g}"] = min(max(value, self._lowest), self._highest)
                    break
        return found | {"0": self._lowest, "1": self._highest}

    def below(self, limits: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) how many scores are under each of n limits.

        Exact but for scores counted together with the limit: these are taken to be spread evenly.
        """
        import numpy as np

        keys = np.fromiter(self._counts, np.int64, len(self._counts))
        ends = np.stack((keys, keys + 1)) << self._DROPPED_BITS
        first, last = np.sort(np.clip(ends.view(np.float64), self._lowest, self._highest), axis=0)
        width = last - first
        passed = np.clip(limits[:, None], first, last) - first
        shares = np.where(
            width > 0, passed / np.where(width > 0, width, 1), limits[:, None] > first
        )
        counts = np.fromiter(self._counts.values(), np.float64, len(keys))
        found: NDArray[np.float64] = (shares * counts).sum(axis=1)
        return found

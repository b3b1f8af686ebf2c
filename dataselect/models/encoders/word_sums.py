"""Encoders whose vector of a text is the sum of its words' vectors."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import orjson
from numpy.typing import NDArray

from dataselect.models.encoders import base
from dataselect.models.encoders.exact_sums import SummableRows

_LARGEST = 2**15 - 1


@dataclass(frozen=True, eq=False)
class WordSums(base.Encoder):
    """Sums of rows of `table` (r, d) int16, of which 1 is worth `scale`.

    A text without a row is the zero vector.
    """

    texts_at_once: ClassVar[int]
    """Bounds what one call of `encode` holds beside its result."""

    table: NDArray[np.int16]
    scale: float

    @property
    def dimension(self) -> int:
        return int(self.table.shape[1])

    def encode(self, items: Sequence[str], *, unit: bool = False) -> NDArray[np.float32]:
        vectors = np.empty((len(items), self.dimension), np.float32)
        for start in range(0, len(items), self.texts_at_once):
            sums = self._sums(items[start : start + self.texts_at_once])
            vectors[start : start + len(sums)] = base.unit(sums) if unit else sums * self.scale
        return vectors

    @abstractmethod
    def _sums(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) summed rows of `table`, whole numbers."""

    def describe(self) -> dict[str, Any]:
        return {"kind": self.kind, "dimension": self.dimension, "sha256": self.digest}

    @cached_property
    def digest(self) -> str:
        digest = hashlib.sha256(orjson.dumps([self.about(), self.table.shape]))
        for array in self.arrays().values():
            digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"table": self.table}

    def __getstate__(self) -> dict[str, object]:
        """Leave derived tables out of pickles: each worker makes its own."""
        return {**self.arrays(), "scale": self.scale}

    @cached_property
    def _rows(self) -> SummableRows:
        return SummableRows.of(self.table.astype(np.float32))


def rounded(vectors: NDArray[Any]) -> tuple[NDArray[np.int16], float]:
    """A `table`, and the `scale` at which it is nearest to the vectors."""
    # Of single precision, as the last bits depend on the processor; 1 for words that say nothing
    # of each other.
    scale = float(np.float32(np.abs(vectors).max() / _LARGEST)) or 1.0
    return np.rint(vectors / scale).astype(np.int16), scale


def check_sound(encoder: WordSums, rows: int, **others: bool) -> None:
    """Raise ValueError for an encoder of a saved model that makes no sense.

    `rows`: that its table has to have. `others`: what else of it is sound, by name.
    """
    sound = {
        **others,
        "scale": 0 < encoder.scale <= 1,
        "vectors": encoder.table.dtype == np.int16
        and encoder.table.ndim == 2
        and len(encoder.table) == rows
        and 0 < encoder.table.shape[1] <= base.MOST_DIMENSIONS,
    }
    wrong = [name for name, is_sound in sound.items() if not is_sound]
    if wrong:
        raise ValueError(f"its encoder's {wrong[0]} make no sense")

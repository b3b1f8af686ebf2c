"""What every encoder does, and unit vectors that are the same on every machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, ClassVar, Literal, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from dataselect.documents import Count, typed

# Entries of unit vectors are multiples of 2**-20. A float64 holds their products, and the sums
# of up to 2**13 of them, exactly, so the order in which a library adds does not matter.
FRACTION = 2.0**20
MOST_DIMENSIONS = 2**13
_LEVELS = 2.0**11
_ITEMS_AT_ONCE = 1_024  # enough for batches of texts of one length
_ROWS_AT_ONCE = 256  # of 256 dimensions: they stay in the cache of a core


class Encoder(ABC):
    """Maps items, texts or positions of records, to vectors.

    `reads_positions`: items are the positions (int) of records in the input, not texts.
    `parallel`: False where one process should hold the encoder and do all encoding.
    """

    kind: ClassVar[str]
    reads_positions: ClassVar[bool] = False
    parallel: ClassVar[bool] = True

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Entries of a vector."""

    @abstractmethod
    def encode(self, items: Sequence[Any], *, unit: bool = False) -> NDArray[np.float32]:
        """(len(items), dimension) vectors; `unit`: of length 1, as `unit` makes them.

        An item's vector does not depend on the other items.
        """

    @property
    @abstractmethod
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all that vectors depend on."""

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """What a saved model holds of it as JSON: its `kind`, and what else it is known by."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a saved model holds of it as arrays."""
        return {}

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What reports say of the encoder: its kind, its dimension, its digest as `sha256`."""


class _Neural(TypedDict):
    kind: Literal["neural"]
    model: str
    sha256: str


class _Rows(TypedDict):
    kind: Literal["precomputed"]
    dimension: Count


def described(about: Any) -> dict[str, Any]:
    """The `about` of an encoder that a saved model does not hold. Raises DocumentError."""
    is_neural = isinstance(about, dict) and about.get("kind") == "neural"
    return cast("dict[str, Any]", typed(_Neural, about) if is_neural else typed(_Rows, about))


def portions(
    encoder: Encoder, items: Iterable[Any], advance: Callable[[int], None]
) -> Iterator[NDArray[np.float32]]:
    """Yield unit vectors of a thousand items at a time; `advance` is told of how many.

    A neural model may take minutes for that many, and keeps what is done in its cache.
    """
    waiting = iter(items)
    while portion := list(islice(waiting, _ITEMS_AT_ONCE)):
        yield encoder.encode(portion, unit=True)
        advance(len(portion))


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Rows of length 1, to within rounding, whose entries are multiples of 2**-20.

    `vectors`: (n, d) finite numbers, d up to 2**13. A row depends on nothing but its own numbers,
    on any machine; a row of zeros stays one.
    """
    result = np.empty(vectors.shape, np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        result[rows] = _unit(vectors[rows])
    return result


def coarse(vectors: NDArray[np.float32]) -> NDArray[np.float16]:
    """(n, d) unit vectors rounded to multiples of 2**-11: float32 holds sums of their products.

    So a cosine is the same on every machine, and moves by about 0.0002.
    """
    rounded: NDArray[np.float16] = (np.rint(vectors * _LEVELS) / _LEVELS).astype(np.float16)
    return rounded


def _unit(rows: NDArray[Any]) -> NDArray[np.float32]:
    """`unit` of a few rows. Each step is exact, or rounds each entry by itself."""
    rows = rows.astype(np.float32 if rows.dtype == np.float32 else np.float64)  # a copy
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    rows /= np.where(largest == 0, 1, largest)[:, None]
    rows *= FRACTION
    whole = np.rint(rows, out=rows).astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", whole, whole))  # sums of whole numbers are exact
    whole *= (FRACTION / np.where(lengths == 0, 1, lengths))[:, None]
    np.rint(whole, out=whole)
    units: NDArray[np.float32] = (whole / FRACTION).astype(np.float32)
    return units

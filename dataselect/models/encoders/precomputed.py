"""Vectors made elsewhere: the rows of a NumPy file, one a record."""

from __future__ import annotations

import os
import tokenize
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.data.files.raw_files import display, file_digest, open_raw, rereadable
from dataselect.errors import InputError
from dataselect.models.encoders import base
from dataselect.models.system_errors import raise_if_of_machine

_MAGIC = b"\x93NUMPY"
_FLOATS = (np.float16, np.float32, np.float64)
# What damaged headers make NumPy raise.
_FAULTS = (ValueError, OSError, EOFError, OverflowError, tokenize.TokenError)
_HOW = "write one with numpy.save: one row a record, of float32"


class Precomputed(base.Encoder):
    """Rows of a `.npy` file, mapped into memory; only its path travels to workers.

    >>> Precomputed("vectors.npy").encode([0, 2]).shape  # doctest: +SKIP
    (2, 384)
    """

    kind: ClassVar[str] = "precomputed"
    reads_positions: ClassVar[bool] = True
    ships_file: ClassVar[str] = "path"

    def __init__(self, path: str) -> None:
        """Raise InputError for a file that is not a matrix of floats, or has too many columns."""
        self.path = rereadable(path)
        self._rows  # noqa: B018  a wrong file is refused at once

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    @cached_property
    def _rows(self) -> NDArray[Any]:
        """(n, d) what the file holds, read where it is used."""
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            raise InputError(f"{display(self.path)}: not a plain file; {_HOW}")
        with open_raw(self.path) as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise InputError(f"{display(self.path)}: not a .npy file; {_HOW}")
        try:
            rows: NDArray[Any] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except _FAULTS as error:
            raise_if_of_machine(self.path, error)
            what = str(error).partition("\n")[0]
            raise InputError(
                f"{display(self.path)}: cannot be read as .npy ({what}); {_HOW}"
            ) from None
        if rows.ndim != 2 or not rows.shape[1] or rows.dtype.newbyteorder("=") not in _FLOATS:
            what = f"an array of shape {rows.shape} and type {rows.dtype}"
            raise InputError(f"{display(self.path)}: {what}, not a matrix of floats; {_HOW}")
        if rows.shape[1] > base.MOST_DIMENSIONS:
            raise InputError(
                f"{display(self.path)}: vectors of {rows.shape[1]:,} dimensions, more than "
                f"{base.MOST_DIMENSIONS:,}; reduce them, for example by truncated SVD"
            )
        return rows

    @property
    def rows(self) -> int:
        return len(self._rows)

    @property
    def dimension(self) -> int:
        return int(self._rows.shape[1])

    def encode(self, items: Sequence[int], *, unit: bool = False) -> NDArray[np.float32]:
        """The rows at some positions.

        Raises InputError for a position beyond the last row, and for a row that is not finite.
        """
        positions = np.asarray(items, np.intp)
        if len(positions) and positions.max() >= len(self._rows):
            raise self._miscounted("more")
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is told
            rows = np.asarray(self._rows[positions], np.float32)
        sound = np.isfinite(rows).all(axis=1)
        if not sound.all():
            first = positions[~sound].min()
            raise InputError(
                f"{display(self.path)}: row {first}, counted from 0, is not finite; "
                "make its vector anew"
            )
        return base.unit(rows) if unit else rows

    def check_count(self, records: int) -> None:
        """Raise InputError unless there is a row for each of the `records` of the input."""
        if records != self.rows:
            raise self._miscounted(f"{records:,}")

    def _miscounted(self, records: str) -> InputError:
        return InputError(
            f"{display(self.path)}: {self.rows:,} rows for {records} records of the input; "
            "give one row a record, blank lines not counted"
        )

    def about(self) -> dict[str, Any]:
        """Only that there were vectors, of so many dimensions: others are scored."""
        return {"kind": self.kind, "dimension": self.dimension}

    def describe(self) -> dict[str, Any]:
        """Kind, dimension, rows and the digest of the file."""
        return {
            **self.about(),
            "path": self.path,
            "rows": self.rows,
            "sha256": self.digest,
        }

    @cached_property
    def digest(self) -> str:
        return file_digest(self.path)

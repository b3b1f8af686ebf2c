"""What a format writes: records in, the bytes of its file out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

HEAD = 10_000
"""Records by which a writer that needs columns settles them."""


class RecordWriter(ABC):
    """Writes one file of a format.

    `spells_numbers`: whether it takes numbers as they are spelled, as `orjson.Fragment`.
    """

    spells_numbers = False

    @abstractmethod
    def write(self, fields: dict[str, Any]) -> bytes:
        """What a record adds to the file, nothing if it is held back.

        Raises ValueError, with what to do, for a record that the format cannot hold.
        """

    def finish(self) -> bytes:
        """What ends the file."""
        return b""


class LineWriter(RecordWriter):
    """Writes a format of one line a record; `line` makes it, without its line feed."""

    def __init__(self, line: Callable[[dict[str, Any]], bytes]) -> None:
        self._line = line

    def write(self, fields: dict[str, Any]) -> bytes:
        """The record's line."""
        return self._line(fields) + b"\n"

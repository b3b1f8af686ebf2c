"""What a format writes: records in, the bytes of its file out."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import orjson

from dataselect.data.json_lines.json_values import loads_leniently

HEAD = 10_000
"""Records by which a writer that needs columns settles them."""
_HUGE = re.compile(rb"[0-9]{19}")  # whole numbers that orjson would read as doubles
_SPELLED = json.JSONDecoder(parse_int=orjson.Fragment, parse_float=orjson.Fragment)


class RecordWriter(ABC):
    """Writes one file of a format."""

    @abstractmethod
    def write(self, fields: dict[str, Any]) -> bytes:
        """What a record adds to the file, nothing if it is held back.

        Raises ValueError, with what to do, for a record that the format cannot hold.
        """

    def write_line(self, line: bytes) -> bytes:
        """As `write`, of a record as a line of JSON, without line feed."""
        return self.write(plain(line))

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


def plain(line: bytes) -> dict[str, Any]:
    """A record's values, whole numbers of any size."""
    loads = json.loads if _HUGE.search(line) else orjson.loads
    try:
        found: dict[str, Any] = loads(line)
    except ValueError:  # orjson takes no half of a surrogate pair, and Python no long number
        found = loads_leniently(line.decode())
    return found


def as_spelled(line: bytes) -> dict[str, Any]:
    """A record's values, each number an `orjson.Fragment` of its digits as they stand."""
    found: dict[str, Any] = _SPELLED.decode(line.decode())
    return found

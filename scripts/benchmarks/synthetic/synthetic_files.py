"""`synthetic://RECORDS/SHARDS/part-7.jsonl`: shards that are made while they are read.

The file that SYNTHETIC_WORDS names holds the words of their texts, one a line.
"""

from __future__ import annotations

import io
import os
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from fsspec import AbstractFileSystem
from numpy.typing import NDArray

_WORDS, _WIDTH = 8, 8  # of a text; bytes of a word, padded
_DIGITS = 12
_START, _MIDDLE, _END = b'{"id": "', b'", "text": "', b'"}\n'
_LINE = len(_START) + _DIGITS + len(_MIDDLE) + _WORDS * _WIDTH + len(_END)
_AT_ONCE = 1 << 13  # records


class SyntheticFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A folder of shards for each number of records and of shards."""

    protocol: ClassVar[str] = "synthetic"

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """The shards of a folder."""
        folder = self._strip_protocol(path)
        records, shards = map(int, folder.split("/"))
        share = -(-records // shards)
        found = [
            {
                "name": f"{folder}/part-{shard:05}.jsonl",
                "size": _LINE * max(0, min(share, records - shard * share)),
                "type": "file",
                "first": shard * share,
            }
            for shard in range(shards)
        ]
        return found if detail else [each["name"] for each in found]

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """A shard, or a folder of them."""
        path = self._strip_protocol(path)
        if not path.endswith(".jsonl"):
            return {"name": path, "size": 0, "type": "directory"}
        folder, _, name = path.rpartition("/")
        found: dict[str, Any] = self.ls(folder)[int(name[5:10])]
        return found

    def _open(self, path: str, mode: str = "rb", **options: Any) -> io.RawIOBase:
        about = self.info(path)
        return _Shard(about["first"], about["size"] // _LINE)


class _Shard(io.RawIOBase):
    """Records from `first` on, made some thousand at a time."""

    def __init__(self, first: int, records: int) -> None:
        self._next, self._stop = first, first + records
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left and self._next < self._stop:
            stop = min(self._next + _AT_ONCE, self._stop)
            self._left = self._made(self._next, stop)
            self._next = stop
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def _made(self, first: int, stop: int) -> bytes:
        lines = np.empty((stop - first, _LINE), np.uint8)
        rng = np.random.default_rng(first)
        numbers = np.arange(first, stop)
        powers = 10 ** np.arange(_DIGITS - 1, -1, -1)
        chosen = rng.integers(len(self._vocabulary), size=(len(lines), _WORDS))
        parts = (
            np.frombuffer(_START, np.uint8),
            numbers[:, None] // powers % 10 + ord("0"),
            np.frombuffer(_MIDDLE, np.uint8),
            self._vocabulary[chosen].reshape(len(lines), -1),
            np.frombuffer(_END, np.uint8),
        )
        place = 0
        for part in parts:
            lines[:, place : place + part.shape[-1]] = part
            place += part.shape[-1]
        return lines.tobytes()

    @cached_property
    def _vocabulary(self) -> NDArray[np.uint8]:
        """(v, width) words, padded with spaces."""
        with open(os.environ["SYNTHETIC_WORDS"], "rb") as file:
            words = [word for word in file.read().split() if len(word) < _WIDTH]
        padded = b"".join(word.ljust(_WIDTH) for word in words)
        return np.frombuffer(padded, np.uint8).reshape(len(words), _WIDTH)

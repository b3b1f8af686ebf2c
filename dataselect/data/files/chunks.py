"""The bytes of files, decompressed, in chunks; how many were read, and their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from dataselect.data.files import compression
from dataselect.data.files.line_blocks import BLOCK_BYTES, regrouped, spelled_bytes
from dataselect.data.files.raw_files import display, open_raw, unreadable
from dataselect.errors import InputError

_COMPRESSED_BYTES = 1 << 12  # text that repeats grows ten thousandfold, and is held in memory
MOST_OF_A_DOCUMENT = 1 << 28  # reports, manifests, weights


@dataclass
class Meter:
    """How much has been read: raw bytes in all, and a SHA-256 of each file where asked for."""

    digest: bool = False
    bytes_read: int = 0
    _of_file: dict[str, int] = field(default_factory=dict)
    _hashes: dict[str, hashlib._Hash] = field(default_factory=dict)

    def forget(self, paths: Iterable[str]) -> None:
        """Count files anew that are about to be read again."""
        for path in paths:
            self.bytes_read -= self._of_file.pop(path, 0)
            self._hashes.pop(path, None)

    def count(self, path: str, size: int, chunk: bytes) -> None:
        """Take note of a chunk as it stands in the file; it is looked at for a digest alone."""
        self.bytes_read += size
        self._of_file[path] = self._of_file.get(path, 0) + size
        if self.digest:
            if path not in self._hashes:
                self._hashes[path] = hashlib.sha256()
            self._hashes[path].update(chunk)

    def digests(self) -> dict[str, str]:
        """Path to hexadecimal SHA-256 of the bytes in the file, as `sha256sum` prints it."""
        return {display(path): digest.hexdigest() for path, digest in self._hashes.items()}


class Chunks:
    """The bytes of one file, decompressed, in chunks; counts and digests what it reads."""

    def __init__(self, path: str, raw: BinaryIO, meter: Meter) -> None:
        self._path, self._raw, self._meter = path, raw, meter

    def __iter__(self) -> Iterator[bytes]:
        found = compression.of_path(self._path)
        if found is None:
            return self.plain(BLOCK_BYTES)
        return regrouped(found.decode(self.plain(_COMPRESSED_BYTES), self._path))

    def plain(self, size: int) -> Iterator[bytes]:
        """The bytes as they stand in the file, in chunks of up to `size`."""
        while True:
            try:
                chunk = self._raw.read(size)
            except OSError as error:
                raise unreadable(self._path, error) from None
            if not chunk:
                return
            self._meter.count(self._path, len(chunk), chunk)
            yield chunk


def read_whole(path: str, most: int = MOST_OF_A_DOCUMENT) -> bytes:
    """All that is in a file, decompressed by its suffix; `most` bytes. Raises InputError."""
    pieces: list[bytes] = []
    size = 0
    with open_raw(path) as raw:
        for chunk in Chunks(path, raw, Meter()):
            pieces.append(chunk)
            size += len(chunk)
            if size > most:
                raise InputError(
                    f"{display(path)}: longer than {spelled_bytes(most)}, more than any such file "
                    "has; name another"
                )
    return b"".join(pieces)

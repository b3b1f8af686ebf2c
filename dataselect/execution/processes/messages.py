"""Messages between a process and its workers: on a socket, large ones in shared memory."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Sequence

HEADER = struct.Struct("!QI?")
"""What stands before each message: how many bytes, its slot, and whether they are in that."""
_INLINE = 1 << 12  # bytes that go on the socket: however many wait there, it takes them at once
_KEPT = 1 << 22  # bytes of memory that a slot keeps for its next message


class Slots:
    """Pieces of shared memory; a slot holds one message at a time, a request and then its answer.

    Each is a file without a name and without a disk. Where the system has none, or no room, a
    message goes on the socket as a whole.
    """

    def __init__(self, descriptors: Sequence[int]) -> None:
        """Use slots that another process has made."""
        self.descriptors = descriptors

    @classmethod
    def new(cls, count: int, spare: int) -> Slots:
        """Make so many slots, or none where fewer than `spare` files could be opened then."""
        descriptors: list[int] = []
        with contextlib.suppress(AttributeError, OSError):  # not Linux; too many open files
            descriptors += (os.memfd_create("dataselect") for _ in range(count + spare))
        found = count if len(descriptors) == count + spare else 0
        cls(descriptors[found:]).close()
        return cls(descriptors[:found])

    def message(self, slot: int, body: bytes) -> bytes:
        """What goes on the socket for a message, whose body is in the slot where it is large."""
        if len(body) > _INLINE and self.descriptors and self._put(slot, body):
            return HEADER.pack(len(body), slot, True)
        return HEADER.pack(len(body), slot, False) + body

    def _put(self, slot: int, body: bytes) -> bool:
        """Write to a slot. Returns whether there was room."""
        rest, done = memoryview(body), 0
        try:
            while done < len(rest):
                done += os.pwrite(self.descriptors[slot], rest[done:], done)
        except OSError:
            return False
        return True

    def body(self, slot: int, size: int) -> bytes:
        """The message in a slot."""
        pieces: list[bytes] = []
        done = 0
        while done < size:
            pieces.append(os.pread(self.descriptors[slot], size - done, done))
            done += len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def release(self, slot: int) -> None:
        """Give memory back after a very large message."""
        if self.descriptors and os.fstat(self.descriptors[slot]).st_size > _KEPT:
            os.ftruncate(self.descriptors[slot], 0)

    def close(self) -> None:
        """Let the memory go."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []

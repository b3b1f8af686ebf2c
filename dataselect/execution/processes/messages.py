"""Messages between a process and its workers: on a socket, large ones in shared memory."""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

HEADER = struct.Struct("!QI?")
"""What stands before each message: how many bytes, its slot, and whether they are in that."""
_INLINE = 1 << 12  # bytes that go on the socket: however many wait there, it takes them at once
_KEPT = 1 << 22  # bytes of memory that a slot keeps for its next message
_SIZE = struct.Struct("!Q")


def pack(item: Any) -> list[Buffer]:
    """The parts of a message: the number and sizes of the others, a pickle, and buffers of it.

    Buffers are the bytes that objects pickle as PickleBuffer; nothing copies them.
    """
    buffers: list[memoryview] = []

    def is_in_pickle(buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if isinstance(view.obj, bytes) and len(view) > _INLINE:
            buffers.append(view)
            return False
        return True

    pickled = pickle.dumps(item, pickle.HIGHEST_PROTOCOL, buffer_callback=is_in_pickle)
    sizes = [len(pickled), *map(len, buffers)]
    return [b"".join(map(_SIZE.pack, [len(sizes), *sizes])), pickled, *buffers]


def unpack(message: Buffer) -> Any:
    """The item of a message, whose buffers are views of it."""
    view = memoryview(message)
    [count] = _SIZE.unpack_from(view)
    end = _SIZE.size * (1 + count)
    parts = []
    for [size] in _SIZE.iter_unpack(view[_SIZE.size : end]):
        parts.append(view[end : end + size])
        end += size
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301  from a worker


class Slots:
    """Pieces of shared memory; a slot holds one message at a time, a request and then its answer.

    Each is a file without a name and without a disk. Where the system has none, or no room, a
    message goes on the socket as a whole.
    """

    def __init__(self, descriptors: Sequence[int]) -> None:
        """Use slots that another process has made."""
        self.descriptors = descriptors
        self._maps: dict[int, mmap.mmap] = {}

    @classmethod
    def new(cls, count: int, spare: int) -> Slots:
        """Make so many slots, or none where fewer than `spare` files could be opened then."""
        descriptors: list[int] = []
        with contextlib.suppress(AttributeError, OSError):  # not Linux; too many open files
            descriptors += (os.memfd_create("dataselect") for _ in range(count + spare))
        found = count if len(descriptors) == count + spare else 0
        cls(descriptors[found:]).close()
        return cls(descriptors[:found])

    def message(self, slot: int, parts: Sequence[Buffer]) -> bytes:
        """What goes on the socket for a message, whose parts are in the slot if they are large."""
        size = sum(len(memoryview(part)) for part in parts)
        if size > _INLINE and self.descriptors and self._put(slot, parts):
            return HEADER.pack(size, slot, True)
        return b"".join([HEADER.pack(size, slot, False), *parts])

    def _put(self, slot: int, parts: Sequence[Buffer]) -> bool:
        """Write to a slot. Returns whether there was room."""
        place = 0
        try:
            for part in parts:
                rest = memoryview(part)
                while rest:
                    done = os.pwrite(self.descriptors[slot], rest, place)
                    rest, place = rest[done:], place + done
        except OSError:
            return False
        return True

    def view(self, slot: int, size: int) -> Buffer:
        """The message in a slot, as it is there until the slot is used again or released."""
        found = self._maps.get(slot)
        if found is None or len(found) < size:
            try:
                found = mmap.mmap(self.descriptors[slot], 0, access=mmap.ACCESS_READ)
            except OSError:  # no addresses are left
                return self.body(slot, size)
            self._maps[slot] = found
        return memoryview(found)[:size]

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
            self._maps.pop(slot, None)
            os.ftruncate(self.descriptors[slot], 0)

    def close(self) -> None:
        """Let the memory go."""
        self._maps.clear()
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []

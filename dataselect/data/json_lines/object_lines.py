"""Lines of JSON objects, held as one piece of bytes until somebody wants them one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LINE_FEED = ord("\n")


class ObjectLines(Sequence[bytes]):
    r"""`size` lines without their line feeds: objects with a field or more, from brace to brace.

    `data`: all of them, with line feeds. `lacks`: names of top-level fields that none of them has.

    >>> list(ObjectLines(b'{"a":1}\n{"b":2}\n', 2))
    [b'{"a":1}', b'{"b":2}']
    """

    def __init__(
        self,
        data: bytes,
        size: int,
        lacks: Collection[str] = (),
        ends: NDArray[np.intp] | None = None,
    ) -> None:
        self.data, self.lacks = data, frozenset(lacks)
        self._size = size
        if ends is not None:
            self.ends = ends

    @cached_property
    def ends(self) -> NDArray[np.intp]:
        """(n,) where the line feeds are."""
        import numpy as np

        return np.flatnonzero(np.frombuffer(self.data, np.uint8) == _LINE_FEED)

    @cached_property
    def _each(self) -> list[bytes]:
        return self.data.split(b"\n")[: self._size]

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        return self._each[place]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._each)

    def picked(self, mask: NDArray[np.bool_]) -> ObjectLines:
        """The lines whose place in `mask` is true."""
        if mask.all():
            return self
        chosen = list(compress(self._each, mask.tolist()))
        return ObjectLines(b"\n".join([*chosen, b""]), len(chosen), self.lacks)

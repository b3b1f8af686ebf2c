"""Copies: how many of the kept records are some of another one, and which files hold others."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.records import read
from dataselect.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.fields import Column

FIRST_COMPARED = 5_000
"""How many kept records a run compares that writes while it reads: all would slow it down."""

MOST_COMPARED = 1 << 24
"""How many kept records a run over shards compares: the driver holds 8 bytes of each."""

KEY_BYTES = 8
NO_TEXT = 0
"""The key of a record without a text."""

_FEWEST = 20  # records, of which a share may be called large
_LONGEST_EXAMPLE = 40  # characters


class Duplicates(NamedTuple):
    """Of `compared` kept records, `copies` have the text of an earlier one.

    Case, punctuation and Unicode composition aside. `commonest`: the text that the most records
    have, or "" where it is not known, and their number. `field` is where texts are.
    """

    compared: int
    copies: int
    commonest: tuple[str, int]
    field: str

    def summary(self, kept: int) -> str:
        """For people; nothing where there are no copies."""
        if not self.copies:
            return ""
        these = f"the first {self.compared:,}" if self.compared < kept else "these"
        are = "is a copy of another" if self.copies == 1 else "are copies of others"
        return f"{self.copies:,} of {these} {are}"

    @property
    def is_most(self) -> bool:
        """Whether most of what was kept says the same."""
        return self.compared >= _FEWEST and 2 * self.copies >= self.compared

    def warnings(self) -> list[str]:
        """What to do where most says the same."""
        if not self.is_most:
            return []
        text, count = self.commonest
        shown = text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}…"
        named = f", and {count:,} are '{shown}'" if text else ""
        share = f"{self.copies / self.compared:.0%} of what is kept are copies{named}; "
        return [f"{share}--unique, of select too, keeps the best of each"]


def keys_in(paths: Sequence[str], columns: Sequence[Column], option: str) -> NDArray[np.uint64]:
    """(k,) the keys of the texts in the files that an option names, sorted, each once.

    Raises InputError for a bad record, and where there is none.
    """
    import numpy as np

    from dataselect.models.near_duplicates import joint_keys

    found = [joint_keys([(), *[() for _ in columns[1:]]])]
    for block in RecordFiles(paths, text_field=columns[0].path).blocks():
        values = read(block, columns, stop_at_first=True)
        if values.bad:
            raise InputError(str(values.bad[0]))
        found.append(joint_keys(values.columns))
    keys = np.unique(np.concatenate(found))
    if not len(keys):
        raise InputError(f"{', '.join(paths)}: no record in it; check {option}")
    return keys


class CopyCounter:
    """Compares the texts of kept records, or of the `most` first ones: 8 bytes for each.

    Nothing is `found` where one of them has no text.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._keys = array("Q")
        self._texts: list[str] = []

    @property
    def keys(self) -> NDArray[np.uint64]:
        """(k,) the keys of what is compared, in order."""
        import numpy as np

        return np.frombuffer(self._keys, np.uint64)

    @property
    def is_full(self) -> bool:
        """Whether more records make no difference."""
        return self._most is not None and len(self._keys) >= self._most

    def add(self, keys: NDArray[np.uint64], texts: Sequence[str] = ()) -> None:
        """Take note of the next kept records, (n,), with their texts if somebody has them."""
        room = None if self._most is None else self._most - len(self._keys)
        self._keys.frombytes(keys[:room].tobytes())
        self._texts += texts[:room]

    def found(self, field: str, text_of: Callable[[int], str] | None = None) -> Duplicates | None:
        """What was counted. `text_of`: gives the text of a kept record by its number, from 0."""
        import numpy as np

        keys = self.keys
        distinct, first, counts = np.unique(keys, return_index=True, return_counts=True)
        if not len(keys) or distinct[0] == NO_TEXT:
            return None
        most = int(counts.argmax())
        found = Duplicates(len(keys), len(keys) - len(distinct), ("", int(counts[most])), field)
        if found.is_most:
            place = int(first[most])
            text = self._texts[place] if self._texts else text_of(place) if text_of else ""
            found = found._replace(commonest=(text, int(counts[most])))
        return found

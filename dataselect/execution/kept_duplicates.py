"""How many of the kept records are copies of another one."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from dataselect.data import records
from dataselect.data.line_blocks import Block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.data.records import Column
    from dataselect.execution.scorer import Scorer

_AT_FIRST = 5_000  # records; to compare more would slow a run down that writes while it reads
_EXAMPLES = 1_000  # texts that are held to be named
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

    def warnings(self, measure: str) -> list[str]:
        """That most of what was kept says the same."""
        if self.compared < _FEWEST or 2 * self.copies < self.compared:
            return []
        text, count = self.commonest
        shown = text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}…"
        named = f", and {count:,} are '{shown}'" if text else ""
        share = f"{self.copies / self.compared:.0%} of what is kept are copies{named}; "
        remedy = f"dataselect select --by {measure} --per {self.field} --max-per 1"
        return [f"{share}to keep one of each, pass it through: {remedy}"]


class CopyCounter:
    """Compares the texts of kept records, or of the `most` first ones: 8 bytes for each.

    Nothing is `found` where one of them has no text.
    """

    def __init__(self, columns: Sequence[Column], most: int | None = None) -> None:
        self._columns, self._most = columns, most
        self._keys = array("Q")
        self._examples: dict[int, str] = {}
        self._has_texts = True

    @classmethod
    def of(cls, scorer: Scorer, text_field: str, *, first_only: bool) -> CopyCounter:
        """Compares the texts that a scorer reads, all of them in a pair, or else `text_field`."""
        read = [column for column in scorer.columns if column.is_text]
        return cls(read or [records.text(text_field)], _AT_FIRST if first_only else None)

    @property
    def is_full(self) -> bool:
        """Whether more records make no difference."""
        return not self._has_texts or (self._most is not None and len(self._keys) >= self._most)

    def add(self, lines: Sequence[bytes]) -> None:
        """Take note of some kept records."""
        from dataselect.models.near_duplicates import keys_of

        if self.is_full:
            return
        room = None if self._most is None else self._most - len(self._keys)
        block = Block("kept", 1, b"\n".join([*lines[:room], b""]))
        found = records.read(block, self._columns, stop_at_first=True)
        if found.bad:
            self._has_texts = False
            return
        columns = found.columns
        texts = (
            columns[0] if len(columns) == 1 else list(map("\n".join, zip(*columns, strict=True)))
        )
        keys = keys_of(texts)
        self._keys.frombytes(keys)
        if len(self._examples) < _EXAMPLES:
            numbers = array("Q", keys)
            self._examples |= dict(zip(numbers[:_EXAMPLES], texts[:_EXAMPLES], strict=True))

    def found(self) -> Duplicates | None:
        """What was counted."""
        import numpy as np

        if not self._has_texts or not self._keys:
            return None
        distinct, counts = np.unique(np.frombuffer(self._keys, np.uint64), return_counts=True)
        most = int(counts.argmax())
        text = self._examples.get(int(distinct[most]), "")
        return Duplicates(
            compared=len(self._keys),
            copies=len(self._keys) - len(distinct),
            commonest=(text, int(counts[most])),
            field=self._columns[-1].path,
        )

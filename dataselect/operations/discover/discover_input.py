"""What `dataselect discover` reads: the pool, and texts of known intents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataselect.data import records
from dataselect.data.fields import POSITION, Column
from dataselect.data.files.line_blocks import count_records, numbered
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.json_lines.json_values import encoded
from dataselect.data.sampling import read_columns
from dataselect.errors import InputError
from dataselect.models.intent_classifier.intent_classifier import OTHER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.input_files import Inputs


@dataclass
class KnownTexts:
    """Texts of known intents; `parents`: what groups near them belong under, None for nothing."""

    texts: list[str] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    parents: list[str | None] = field(default_factory=list)

    def add(self, text: str, intent: str, parent: Any) -> None:
        self.texts.append(text)
        self.intents.append(intent)
        self.parents.append(_label(parent))

    def copy(self) -> KnownTexts:
        return KnownTexts(list(self.texts), list(self.intents), list(self.parents))

    @classmethod
    def read(
        cls, files: Sequence[str], text: Column, intent_field: str, parent_field: str
    ) -> KnownTexts:
        """The labelled records of some files. Raises InputError for a bad one, or none."""
        known = cls()
        if files:
            columns = [
                text,
                Column.group(intent_field, "--intent-field"),
                Column.optional(parent_field, "--parent-field"),
            ]
            found = read_columns(RecordFiles(list(files), text_field=text.path), columns)
            for each, intent, parent in zip(*found, strict=True):
                if intent != OTHER:
                    known.add(each, intent, parent)
            if not known.texts:
                paths = ", ".join(files)
                raise InputError(f"{paths}: no record of a known intent; check --labelled")
        return known


@dataclass
class PoolTexts:
    """The records of a pool, (n,): their positions and texts, and which may be of a new intent.

    `records`: how many there are, bad ones and those left out with them. `is_told_new`: whether a
    step before looked at all that may be of a new intent, and found none that fits.
    """

    records: int
    positions: list[int]
    texts: list[str]
    is_open: list[bool]
    is_told_new: bool = True


@dataclass(frozen=True)
class PoolColumns:
    """Where records of the pool have what is read.

    A record has an intent already if it is not "other", and a step before did not reject it.
    `strict`: a bad record ends the run; else it is left to the run to report.
    """

    text_field: str
    intent_field: str
    parent_field: str
    strict: bool

    def read(
        self, pool: Inputs, known: KnownTexts, excluded_keys: NDArray[np.uint64] | None
    ) -> PoolTexts:
        """All records; those that have an intent are added to what is known. Raises InputError."""
        found = PoolTexts(0, [], [], [])
        columns = [
            POSITION,
            Column.text(self.text_field),
            Column.optional(self.intent_field),
            Column.optional(self.parent_field),
            Column.optional("dropped"),
        ]
        is_excluded = _excluder(excluded_keys)
        for block in numbered(pool.blocks()):
            read = records.read(block, columns, stop_at_first=self.strict)
            if read.bad and self.strict:
                raise InputError(str(read.bad[0]))
            found.records += count_records(block.data)
            left_out = is_excluded(read.columns[1])
            for position, text, intent, parent, dropped, is_out in zip(
                *read.columns, left_out, strict=True
            ):
                if is_out:
                    continue
                is_told_new = intent == OTHER or dropped is not None
                is_open = intent is None or is_told_new
                found.is_told_new &= is_told_new or not is_open
                found.positions.append(position)
                found.texts.append(text)
                found.is_open.append(is_open)
                if not is_open:
                    known.add(text, _label(intent) or "", parent)
        return found


def _excluder(keys: NDArray[np.uint64] | None) -> Callable[[list[str]], list[bool]]:
    """Tells which texts have one of some keys, sorted."""
    from dataselect.models.near_duplicates import holds_keys, text_keys

    if keys is None:
        return lambda texts: [False] * len(texts)
    return lambda texts: holds_keys(keys, text_keys(texts)).tolist()


def _label(value: Any) -> str | None:
    """A label: a string as it is, other values by their JSON."""
    return value if value is None or isinstance(value, str) else encoded(value).decode()

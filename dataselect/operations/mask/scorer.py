"""Masking and unmasking of records, as scorers: the score is how many parts were replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, ClassVar

import numpy as np

from dataselect.data.fields import POSITION, Column
from dataselect.data.json_lines.json_values import RefusedError, encoded
from dataselect.errors import OptionError
from dataselect.execution.scorer import Scorer, Scores
from dataselect.operations.mask.key_file import KeyHeader, key_line
from dataselect.operations.mask.masked_fields import MASKED, MaskedColumn, MaskedFields
from dataselect.operations.mask.masking import ALL_SLOTS, EMPTY, MaskedRecord, Masking, Names
from dataselect.operations.mask.names.name_finder import NAME_KINDS, NameFinder
from dataselect.operations.mask.patterns import KINDS

COUNT = "count"
ALL_KINDS = (*KINDS, *NAME_KINDS)
_BLOCK_RECORDS = 256
_KIND = "of kind "  # begins the remarks that count what was found
_SLOT = "have slot "  # begins those that count records with a slot that is named
_KEYED = "was masked with a key before; restore it first, or take the field out"


@dataclass(frozen=True, kw_only=True)
class _UnmaskedColumn(MaskedColumn):
    """Records that no key would be lost of."""

    def get(self, record: dict[str, Any]) -> MaskedFields:
        fields = super().get(record)
        if isinstance(fields.earlier, dict) and "key" in fields.earlier:
            raise RefusedError(f"field '{MASKED}': the record {_KEYED}")
        return fields


@dataclass(frozen=True)
class MaskScorer(Scorer):
    """Puts placeholders such as `<email_1>` into the texts of records, and moves slots along.

    `kinds` of data are found by patterns [default: all]; the values of the `slots` of some names,
    or of all for "*", wherever they stand; by `names`, a NameFinder, persons, places and
    organizations, too. `fields` are further texts, `nbest.*.text` that of every hypothesis. Adds
    `masked`, how many parts were replaced, by kind. It is no anonymisation.

    >>> from dataselect import select_file
    >>> select_file("pool.jsonl", MaskScorer(), output="masked.jsonl")  # doctest: +SKIP

    Raises OptionError.
    """

    noun: ClassVar[str] = "mask"
    may_add: ClassVar[tuple[str, ...]] = (MASKED,)
    adds: ClassVar[tuple[str, ...]] = (MASKED,)  # type: ignore[misc]  # of all its options

    kinds: tuple[str, ...] | None = None
    slots: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    names: NameFinder | None = None
    text_field: str = "text"
    slots_field: str = "slots"

    def __post_init__(self) -> None:
        for kind in self.kinds or ():
            if kind not in ALL_KINDS:
                raise OptionError(f"--kinds: '{kind}' is none of {', '.join(ALL_KINDS)}")
            if kind in NAME_KINDS and self.names is None:
                raise OptionError(f"--kinds: '{kind}' is found by a model; give it with --names")
        if self.names is not None and not set(self._kinds) & set(NAME_KINDS):
            raise OptionError(
                f"--names finds {', '.join(NAME_KINDS)}, of which --kinds has none; leave it out"
            )

    @property
    def _kinds(self) -> tuple[str, ...]:
        if self.kinds is None:
            return KINDS if self.names is None else ALL_KINDS
        return self.kinds

    @property
    def block_records(self) -> int | None:  # type: ignore[override]  # of its options
        """As many as a names' model reads at once, the same ones for any number of workers."""
        return None if self.names is None else _BLOCK_RECORDS

    @property
    def measure(self) -> str:
        return MASKED

    @property
    def score_field(self) -> str:
        """How many parts were replaced."""
        return f"{MASKED}.{COUNT}"

    @property
    def columns(self) -> Sequence[Column]:
        """Texts and slots."""
        return [_UnmaskedColumn.of(self.text_field, self.fields, self.slots_field)]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        masking = Masking(self._kinds, self.slots)
        found = list(map(masking.record, columns[0], self._names(columns[0])))
        remarks: Counter[str] = Counter()
        named = {f"{_SLOT}{name}" for name in self.slots}
        for fields, own in zip(columns[0], found, strict=True):
            remarks.update({f"{_KIND}{kind}": count for kind, count in own.found.items()})
            remarks.update(f"lack '{name}', which --fields names" for name in fields.missing)
            remarks.update({f"{_SLOT}{slot.name}" for slot in fields.slots} & named)
        counts = np.array([own.found.total() for own in found], np.float64)
        told = self._told(found, columns)
        edits = [own.edits for own in found]
        return Scores(counts, {MASKED: told}, remarks=tuple(remarks.items()), edits=edits)

    def _names(self, records: Sequence[MaskedFields]) -> Iterable[Names]:
        """Names of the wanted kinds in the texts of each record."""
        if self.names is None:
            return repeat(EMPTY, len(records))
        texts = [text for fields in records for text in fields.texts.values()]
        found = iter(self.names.find(texts))
        return [
            {
                path: [each for each in next(found) if each.kind in self._kinds]
                for path in fields.texts
            }
            for fields in records
        ]

    def _told(self, found: Sequence[MaskedRecord], columns: Sequence[list[Any]]) -> list[bytes]:
        """(n,) what is added to each record."""
        return [encoded(_counts(own)) for own in found]

    def remarked(self, remarks: Mapping[str, int]) -> list[str]:
        """Those on fields that are missing, and slots that no record has."""
        others = {
            what: count for what, count in remarks.items() if not what.startswith((_KIND, _SLOT))
        }
        absent = [
            name for name in self.slots if name != ALL_SLOTS and f"{_SLOT}{name}" not in remarks
        ]
        told = [f"no record has a slot '{name}', which --slots names" for name in absent]
        return [*super().remarked(others), *told]

    def describe(self) -> dict[str, Any]:
        """Which data of which fields."""
        return {
            "signature": {"kinds": ",".join(self._kinds), "slots": ",".join(self.slots)},
            "fields": [self.text_field, *self.fields],
            **({} if self.names is None else {"names": self.names.describe()}),
        }

    def describe_remarks(self, remarks: Mapping[str, int]) -> dict[str, Any]:
        """How many parts of each kind were found."""
        return {"found": found_kinds(remarks)}


@dataclass(frozen=True)
class KeyedMaskScorer(MaskScorer):
    """Masks, and writes a key that takes it back: the lines of records in their order."""

    parallel: ClassVar[bool] = False  # type: ignore[misc]  # the key is one file

    key: KeyHeader = field(kw_only=True)
    write_key: Callable[[bytes], None] = field(kw_only=True)

    @property
    def columns(self) -> Sequence[Column]:
        """Texts and slots, and where a record stands."""
        return [*super().columns, POSITION]

    def _told(self, found: Sequence[MaskedRecord], columns: Sequence[list[Any]]) -> list[bytes]:
        told = []
        for own, place in zip(found, columns[1], strict=True):
            keyed = {"key": self.key.id, "record": place} if own.values else {}
            told.append(encoded(_counts(own) | keyed))
            if keyed:
                self.write_key(key_line(place, own))
        return told


def _counts(masked: MaskedRecord) -> dict[str, Any]:
    return {COUNT: masked.found.total(), "kinds": dict(sorted(masked.found.items()))}


def found_kinds(remarks: Mapping[str, int]) -> dict[str, int]:
    """How many parts of each kind were found, by name, the commonest first."""
    found = {
        what.removeprefix(_KIND): count for what, count in remarks.items() if what.startswith(_KIND)
    }
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

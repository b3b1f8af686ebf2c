"""Hypotheses with their references, and joined to those of a second file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from dataselect.data.annotations import slot_spans
from dataselect.data.fields import Column
from dataselect.data.formats.lines import Found, Item, SourceLine, each_line, lines
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import REMEDY, parse
from dataselect.data.records import BadRecord
from dataselect.errors import InputError
from dataselect.models.normalization import composed

if TYPE_CHECKING:
    pass

HYPOTHESIS, REFERENCE, ID = "hypothesis", "reference", "id"
INTENT, INTENT_REFERENCE = "intent", "intent_reference"
SLOTS, SLOTS_REFERENCE = "slots", "slots_reference"


class HypothesisPair(NamedTuple):
    """A record of the system, and the one of the baseline that stands for the same segment."""

    system: Found
    baseline: Found | None


def true_label(path: str, option: str) -> Column:
    """A column of labels, none of them null."""
    label = Column.group(path, option)

    def check(value: Any) -> Any:
        if value is None:
            raise ValueError(f"is null, not a label; {REMEDY}")
        return label.check(value)

    return replace(label, check=check)


def spans(path: str, option: str) -> Column:
    """A column of slots as a set of name, start and end of each."""
    return Column(path, lambda value: frozenset(slot_spans(value)), lambda _: False, option)


def join(
    system: Iterable[Item], baseline: Iterable[Item] | None, *, use_ids: bool
) -> Iterator[HypothesisPair | BadRecord]:
    """The records of one file, paired with those of `--against` by id or by position.

    Raises InputError where the two files do not go together.
    """
    if baseline is None:
        return unpaired(system)
    return (by_id if use_ids else by_position)(system, baseline)


def read(inputs: Inputs, columns: Mapping[str, Column]) -> Iterator[Item]:
    """The checked values of every record, under the names of `columns`, or a bad record."""

    def values(line: SourceLine) -> dict[str, Any]:
        record = parse(line.raw)
        return {name: column.get(record) for name, column in columns.items()}

    written = (line for line in lines(inputs.blocks()) if not line.blank())
    return each_line(written, values)


def unpaired(system: Iterable[Item]) -> Iterator[HypothesisPair | BadRecord]:
    """Records of a single file."""
    for item in system:
        yield item if isinstance(item, BadRecord) else HypothesisPair(item, None)


def by_position(
    system: Iterable[Item], baseline: Iterable[Item], option: str = "--against"
) -> Iterator[HypothesisPair | BadRecord]:
    """First record with first record, and so on; a pair is as bad as either of its records.

    Raises InputError where one file ends before the other, or references differ.
    """
    for one, other in zip_longest(system, baseline):
        if one is None or other is None:
            longer, what = (one, option) if other is None else (other, "the input")
            raise InputError(
                f"{_place(longer)}: no record to pair it with, {what} is shorter; "
                "give files of the same records"
                + (", or pair them with --id-field" if option == "--against" else "")
            )
        if isinstance(one, BadRecord):
            yield one
        elif isinstance(other, BadRecord):
            yield other
        else:
            yield _same_reference(one, other)


def by_id(
    system: Iterable[Item], baseline: Iterable[Item], option: str = "--against"
) -> Iterator[HypothesisPair | BadRecord]:
    """Records of the same id, in the order of the system; those without a partner are bad records.

    An id that an earlier record of the same file has makes a bad record, too. Raises InputError
    where references differ.
    """
    partners: dict[str, Found] = {}
    yield from _unusable(baseline, partners)
    own: dict[str, Found] = {}
    yield from _unusable(system, own)
    for id_, found in own.items():
        if id_ in partners:
            yield _same_reference(found, partners.pop(id_))
        else:
            yield found.line.bad(f"{option} has no good record with the id '{id_}'; add it there")
    for id_, found in partners.items():
        yield found.line.bad(f"the input has no good record with the id '{id_}'; add it there")


def _unusable(items: Iterable[Item], usable: dict[str, Found]) -> Iterator[BadRecord]:
    """Fill `usable`, by id, and yield what cannot go there."""
    for item in items:
        if isinstance(item, BadRecord):
            yield item
            continue
        first = usable.setdefault(item.fields[ID], item)
        if first is not item:
            yield item.line.bad(f"the id '{item.fields[ID]}' is that of {_place(first)}; change it")


def _same_reference(one: Found, other: Found) -> HypothesisPair:
    """Raise InputError unless two records have the same references."""
    for name in one.fields.keys() & other.fields.keys() & _REFERENCES:
        own, others = one.fields[name], other.fields[name]
        if name == REFERENCE and own != others:
            own, others = composed(own), composed(others)
        if own != others:
            raise InputError(
                f"{_place(one)}: its reference is not that of {_place(other)}; "
                "give files of the same records in the same order, or pair them with --id-field"
            )
    return HypothesisPair(one, other)


_REFERENCES = {REFERENCE, INTENT_REFERENCE, SLOTS_REFERENCE}


def _place(item: Item) -> str:
    """File and line of a record."""
    if isinstance(item, BadRecord):
        return f"{item.source}:{item.line}"
    return f"{item.line.source}:{item.line.number}"

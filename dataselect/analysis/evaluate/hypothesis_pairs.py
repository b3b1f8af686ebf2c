"""Hypotheses with their references, and joined to those of a second file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any, NamedTuple

from dataselect.data import records
from dataselect.data.formats.lines import Found, Item, SourceLine, each_line, lines
from dataselect.data.input_files import Inputs
from dataselect.data.records import BadRecord, Column
from dataselect.errors import InputError
from dataselect.models.normalization import composed

HYPOTHESIS, REFERENCE, ID = "hypothesis", "reference", "id"
INTENT, INTENT_REFERENCE = "intent", "intent_reference"


class HypothesisPair(NamedTuple):
    """A record of the system, and the one of the baseline that stands for the same segment."""

    system: Found
    baseline: Found | None


def text_columns(text_field: str, reference_field: str) -> dict[str, Column]:
    """What is read to measure texts."""
    return {
        HYPOTHESIS: records.hypothesis(text_field),
        REFERENCE: records.reference(reference_field),
    }


def intent_columns(intent_field: str, reference_field: str) -> dict[str, Column]:
    """What is read to measure intents."""
    return {
        INTENT: records.group(intent_field, "--intent-field"),
        INTENT_REFERENCE: true_label(reference_field, "--intent-reference-field"),
    }


def id_column(id_field: str) -> dict[str, Column]:
    """What is read to pair by id."""
    return {ID: records.group(id_field, "--id-field")}


def true_label(path: str, option: str) -> Column:
    """A column of labels, none of them null."""
    label = records.group(path, option)

    def check(value: Any) -> Any:
        if value is None:
            raise ValueError("is null, not a label; correct it or skip it with --on-error")
        return label.check(value)

    return replace(label, check=check)


def join(
    system: Inputs,
    baseline: Inputs | None,
    columns: Mapping[str, Column],
    others: Mapping[str, Column] | None = None,
) -> Iterator[HypothesisPair | BadRecord]:
    """The records of one file, paired with those of another by id if it is among `columns`.

    `others`: what is read of the other file, if that is something else. Raises InputError where the
    two files do not go together.
    """
    if baseline is None:
        return unpaired(read(system, columns))
    pair = by_id if ID in columns else by_position
    return pair(read(system, columns), read(baseline, others or columns))


def read(inputs: Inputs, columns: Mapping[str, Column]) -> Iterator[Item]:
    """The checked values of every record, under the names of `columns`, or a bad record."""

    def values(line: SourceLine) -> dict[str, Any]:
        record = records.parse(line.raw)
        return {name: column.get(record) for name, column in columns.items()}

    written = (line for line in lines(inputs.blocks()) if not line.blank())
    return each_line(written, values)


def unpaired(system: Iterable[Item]) -> Iterator[HypothesisPair | BadRecord]:
    """Records of a single file."""
    for item in system:
        yield item if isinstance(item, BadRecord) else HypothesisPair(item, None)


def by_position(
    system: Iterable[Item], baseline: Iterable[Item]
) -> Iterator[HypothesisPair | BadRecord]:
    """First record with first record, and so on; a pair is as bad as either of its records.

    Raises InputError where one file ends before the other, or references differ.
    """
    for one, other in zip_longest(system, baseline):
        if one is None or other is None:
            longer, what = (one, "--against") if other is None else (other, "the input")
            raise InputError(
                f"{_place(longer)}: no record to pair it with, {what} is shorter; "
                "give files of the same records, or pair them with --id-field"
            )
        if isinstance(one, BadRecord):
            yield one
        elif isinstance(other, BadRecord):
            yield other
        else:
            yield _same_reference(one, other)


def by_id(system: Iterable[Item], baseline: Iterable[Item]) -> Iterator[HypothesisPair | BadRecord]:
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
            yield found.line.bad(f"--against has no good record with the id '{id_}'; add it there")
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
    for name in (REFERENCE, INTENT_REFERENCE):
        own, others = one.fields.get(name), other.fields.get(name)
        if name == REFERENCE and own != others and own is not None and others is not None:
            own, others = composed(own), composed(others)
        if own != others:
            raise InputError(
                f"{_place(one)}: its reference is not that of {_place(other)}; "
                "give files of the same records in the same order, or pair them with --id-field"
            )
    return HypothesisPair(one, other)


def _place(item: Item) -> str:
    """File and line of a record."""
    if isinstance(item, BadRecord):
        return f"{item.source}:{item.line}"
    return f"{item.line.source}:{item.line.number}"

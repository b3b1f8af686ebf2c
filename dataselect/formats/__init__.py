"""File formats and the conversion between them; one module a format, listed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias

from dataselect.errors import OptionError
from dataselect.formats import bio, delimited, jsonl, moses, moses_nbest, plain, snips, tabbed
from dataselect.formats.lines import Item, Layout
from dataselect.inputs import Inputs
from dataselect.records import BadRecord

__all__ = ["READERS", "WRITERS", "Layout", "Source", "Target", "check", "convert", "header"]

Source: TypeAlias = Literal["jsonl", "text", "tsv", "csv", "moses", "moses-nbest", "snips", "bio"]
Target: TypeAlias = Literal["jsonl", "text", "tsv"]

READERS: dict[Source, Callable[[Inputs, Layout], Iterator[Item]]] = {
    "jsonl": jsonl.read,
    "text": plain.read,
    "tsv": delimited.read_tsv,
    "csv": delimited.read_csv,
    "moses": moses.read,
    "moses-nbest": moses_nbest.read,
    "snips": snips.read,
    "bio": bio.read,
}
"""A format to its records, bad ones in their places."""

WRITERS: dict[Target, Callable[[Layout], Callable[[dict[str, Any]], bytes]]] = {
    "jsonl": jsonl.writer,
    "text": plain.writer,
    "tsv": tabbed.writer,
}
"""A format to the function that makes a record a line, or refuses it with ValueError."""

_COLUMNS: tuple[Source | Target, ...] = ("tsv", "csv")


def header(target: Target, layout: Layout) -> bytes:
    """What stands before the first record."""
    return tabbed.header(layout) if target == "tsv" else b""


def check(source: Source, target: Target, layout: Layout) -> None:
    """Raise OptionError for formats and a layout that do not go together."""
    columns = layout.columns
    if source == target == "jsonl":
        raise OptionError("from jsonl to jsonl changes nothing; give --from or --to")
    if source not in _COLUMNS and target not in _COLUMNS and (columns or layout.header):
        raise OptionError("--columns and --header are for tsv and csv; leave them out")
    named = [name for name in columns or () if name != delimited.SKIPPED]
    if not all(named):
        raise OptionError("--columns has an empty name; write names between commas")
    if columns and not named:
        raise OptionError("--columns passes over every column; name one")
    if len(set(named)) < len(named):
        raise OptionError("--columns names a column twice; give each its own name")
    if source not in _COLUMNS and columns is not None and len(named) < len(columns):
        raise OptionError("'-' passes over a column that is read; leave it out of --columns")


def convert(
    inputs: Inputs,
    source: Source,
    target: Target,
    layout: Layout | None = None,
    *,
    id_prefix: str | None = None,
) -> Iterator[bytes | BadRecord]:
    """Lines without their line feeds, and bad records, in input order.

    `id_prefix`: add `id` as first field, the prefix and a running number from 0. Bad records take
    a number too, so that an id does not depend on what is done with them. Raises OptionError,
    InputError.
    """
    layout = layout or Layout()
    check(source, target, layout)
    write = WRITERS[target](layout)
    return _converted(READERS[source](inputs, layout), write, id_prefix)


def _converted(
    items: Iterator[Item], write: Callable[[dict[str, Any]], bytes], id_prefix: str | None
) -> Iterator[bytes | BadRecord]:
    for number, item in enumerate(items):
        if isinstance(item, BadRecord):
            yield item
            continue
        line, fields = item
        if id_prefix is not None:
            if "id" in fields:
                raise OptionError(f"{line.source} has ids of its own; leave out --id")
            fields = {"id": f"{id_prefix}{number}", **fields}
        try:
            yield write(fields)
        except ValueError as refusal:
            yield line.bad(refusal)

"""File formats and the conversion between them; one module a format, listed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from dataselect.data.formats import delimited, jsonl, moses, text, tsv
from dataselect.data.formats.lines import Item, Layout, SourceLine
from dataselect.data.formats.nbest import moses_nbest
from dataselect.data.formats.nlu import bio, conll, snips
from dataselect.data.input_files import Inputs
from dataselect.data.records import BadRecord, annotate, encoded
from dataselect.errors import OptionError

__all__ = ["READERS", "WRITERS", "Layout", "Source", "Target", "check", "convert", "header"]

Source: TypeAlias = Literal["jsonl", "text", "tsv", "csv", "moses", "moses-nbest", "snips", "bio"]
Target: TypeAlias = Literal["jsonl", "text", "tsv"]

READERS: dict[Source, Callable[[Inputs, Layout], Iterator[Item]]] = {
    "jsonl": jsonl.read,
    "text": text.read,
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
    "text": text.writer,
    "tsv": tsv.writer,
}
"""A format to the function that makes a record a line, or refuses it with ValueError."""

_COLUMNS: tuple[Source | Target, ...] = ("tsv", "csv")


def header(target: Target, layout: Layout) -> bytes:
    """What stands before the first record."""
    return tsv.header(layout) if target == "tsv" else b""


def check(source: Source, target: Target, layout: Layout, *, adds_ids: bool = False) -> None:
    """Raise OptionError for formats and a layout that do not go together."""
    columns = layout.columns
    if source == target == "jsonl" and not adds_ids:
        raise OptionError("from jsonl to jsonl changes nothing; give --from, --to or --id")
    if source == "bio" and columns is not None and target not in _COLUMNS:
        _check_conll(columns)
    elif source not in _COLUMNS and target not in _COLUMNS and (columns or layout.header):
        raise OptionError("--columns and --header are for tsv and csv; leave them out")
    named = [name for name in columns or () if name != delimited.SKIPPED]
    if not all(named):
        raise OptionError("--columns has an empty name; write names between commas")
    if columns and not named:
        raise OptionError("--columns passes over every column; name one")
    if len(set(named)) < len(named):
        raise OptionError("--columns names a column twice; give each its own name")
    if source not in (*_COLUMNS, "bio") and columns is not None and len(named) < len(columns):
        raise OptionError("'-' passes over a column that is read; leave it out of --columns")


def _check_conll(columns: Sequence[str]) -> None:
    try:
        conll.named(columns)
    except ValueError as refusal:
        raise OptionError(str(refusal)) from None


def convert(
    inputs: Inputs,
    source: Source,
    target: Target,
    layout: Layout | None = None,
    *,
    id_prefix: str | None = None,
) -> Iterator[bytes | BadRecord]:
    """Lines without their line feeds, and bad records, in input order.

    `id_prefix`: add `id` as first field, to JSONL as last, the prefix and a running number from 0.
    Bad records take a number too, so that an id does not depend on what is done with them. Raises
    OptionError, InputError.
    """
    layout = layout or Layout()
    check(source, target, layout, adds_ids=id_prefix is not None)
    if source == target == "jsonl":
        return _with_ids(READERS[source](inputs, layout), id_prefix or "")
    write = WRITERS[target](layout)
    return _converted(READERS[source](inputs, layout), write, id_prefix)


def _with_ids(items: Iterator[Item], prefix: str) -> Iterator[bytes | BadRecord]:
    """Lines of JSON with ids, otherwise untouched."""
    for number, item in enumerate(items):
        if isinstance(item, BadRecord):
            yield item
            continue
        line, fields = item
        _refuse_second_id(line, fields)
        yield annotate([line.raw], {"id": [encoded(f"{prefix}{number}")]})[:-1]


def _refuse_second_id(line: SourceLine, fields: dict[str, Any]) -> None:
    if "id" in fields:
        raise OptionError(f"{line.source} has ids of its own; leave out --id")


def _converted(
    items: Iterator[Item], write: Callable[[dict[str, Any]], bytes], id_prefix: str | None
) -> Iterator[bytes | BadRecord]:
    for number, item in enumerate(items):
        if isinstance(item, BadRecord):
            yield item
            continue
        line, fields = item
        if id_prefix is not None:
            _refuse_second_id(line, fields)
            fields = {"id": f"{id_prefix}{number}", **fields}
        try:
            yield write(fields)
        except ValueError as refusal:
            yield line.bad(refusal)

"""CSV, with the quotes of RFC 4180, and TSV, which has none; a line of names first."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from dataselect.data.files.line_blocks import longest_line
from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, joined, lines
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import loads_leniently
from dataselect.data.records import BadRecord
from dataselect.errors import InputError, OptionError

SKIPPED = "-"
_WIDEST = 2**31 - 1  # characters in a cell of CSV; the standard library's own limit is 131,072
_ARRAYS = ("slots", "nbest")  # what no command can use as a string
_NUMBER = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?")


class _Row(NamedTuple):
    line: SourceLine
    cells: list[str]


_Rows: TypeAlias = Iterator[_Row | BadRecord]
_RowsOf: TypeAlias = Callable[[Iterator[SourceLine], str], _Rows]


def read_tsv(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for every line, its cells between tabs."""
    return _records(inputs, layout, _tab_rows)


def read_csv(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for every row, which a quoted line feed continues; blank lines do not count."""
    return _records(inputs, layout, _quoted_rows)


def check_columns(layout: Layout) -> None:
    """Raise OptionError for columns that no file can have."""
    named = [name for name in layout.columns or () if name != SKIPPED]
    if layout.columns is not None and not all(named):
        raise OptionError("--columns has an empty name; write names between commas")
    if layout.columns is not None and not named:
        raise OptionError("--columns passes over every column; name one")
    if len(set(named)) < len(named):
        raise OptionError("--columns names a column twice; give each its own name")
    if layout.columns is None and not layout.header:
        raise OptionError("--no-header leaves the columns without names; give --columns")


def _records(inputs: Inputs, layout: Layout, rows_of: _RowsOf) -> Iterator[Item]:
    """Raises OptionError where nothing names the columns, InputError for a bad header."""
    check_columns(layout)
    for blocks in inputs.by_file():
        found = lines(blocks)
        first = next(found, None)
        if first is None:
            continue
        rows = rows_of(_again(first, found), layout.delimiter or _delimiter(first.raw))
        names = [None if name == SKIPPED else name for name in layout.columns or ()]
        if layout.header and (head := next(rows, None)) is not None:
            names = names or _header(head)
        for row in rows:
            if isinstance(row, BadRecord):
                yield row
                continue
            try:
                yield Found(row.line, _fields(row.cells, names))
            except ValueError as refusal:
                yield row.line.bad(refusal)


def _again(first: SourceLine, others: Iterator[SourceLine]) -> Iterator[SourceLine]:
    yield first
    yield from others


def _delimiter(first: bytes) -> str:
    """What stands between cells: semicolons or tabs where the first line has no comma."""
    return next((mark for mark in ",;\t" if mark.encode() in first), ",")


def _header(row: _Row | BadRecord) -> list[str | None]:
    """The names in a header; the first may be empty, as pandas has it for an index.

    Raises InputError where they cannot be field names.
    """
    if isinstance(row, BadRecord):
        raise InputError(str(row))
    line, names = row
    if len(names) == 1 and not names[0]:
        raise InputError(f"{line.source}:{line.number}: no names of columns; write them there")
    for position, name in enumerate(names):
        wrong = ""
        if not name and position:
            wrong = "has no name"
        elif name in names[:position]:
            wrong = "repeats a name"
        elif _NUMBER.fullmatch(name):
            wrong = f"is {name}, which is no name"
        if wrong:
            raise InputError(
                f"{line.source}:{line.number}: column {position + 1} of the header {wrong}; "
                "correct it, or name the columns with --columns as well, and with --no-header if "
                "this line is a record"
            )
    return [*names]


def _fields(cells: list[str], names: Sequence[str | None]) -> dict[str, Any]:
    if len(cells) != len(names):
        raise ValueError(
            f"the number of cells is {len(cells)}, of columns {len(names)} "
            f"({','.join(SKIPPED if name is None else name for name in names)}); "
            "correct the line or --columns"
        )
    return {
        name: _array(cell) if name in _ARRAYS else cell
        for name, cell in zip(names, cells, strict=True)
        if name is not None
    }


def _array(cell: str) -> Any:
    """The array that a cell spells, None for an empty cell; what is no JSON stays as it is."""
    if not cell.startswith("["):
        return cell or None
    try:
        return loads_leniently(cell)
    except (ValueError, RecursionError):
        return cell


def _tab_rows(found: Iterator[SourceLine], delimiter: str) -> _Rows:
    for line in found:
        if line.raw in (b"", b"\r"):
            continue
        try:
            yield _Row(line, line.text().split("\t"))
        except ValueError as refusal:
            yield line.bad(refusal)


def _quoted_rows(found: Iterator[SourceLine], delimiter: str) -> _Rows:
    """Rows; one that is not CSV is bad, and the next begins on the line after its first.

    Else a quote that stays open would take the rest of the file along. Raises InputError where
    there is but one column: then nothing tells a row from the rest of a cell.
    """
    taken: list[SourceLine] = []  # the lines of the row in the making
    again: list[SourceLine] = []  # lines that a bad row had taken along, last first
    columns = 0

    def texts() -> Iterator[str]:
        while (line := again.pop() if again else next(found, None)) is not None:
            taken.append(line)
            yield line.raw.decode(errors="surrogateescape") + "\n"

    csv.field_size_limit(min(longest_line(), _WIDEST))
    rows = csv.reader(texts(), strict=True, delimiter=delimiter)
    while True:
        taken.clear()
        try:
            cells = next(rows, None)
            if cells is None:
                return
            for line in taken:
                line.text()  # raises where it is not UTF-8
        except csv.Error as error:
            what = "a carriage return outside quotes" if "new-line" in str(error) else error
            reason = f"not CSV ({what}); correct its quotes"
            first, *others = taken
            if others and columns == 1:
                raise InputError(f"{first.source}:{first.number}: {reason}") from None
            again += reversed(others)
            rows = csv.reader(texts(), strict=True, delimiter=delimiter)
            yield first.bad(_refusal(first) or reason)
        except ValueError as refusal:
            yield joined(taken).bad(refusal)
        else:
            columns = len(cells) or columns
            if cells:
                yield _Row(joined(taken), cells)


def _refusal(line: SourceLine) -> str:
    """Why a line is no text, or nothing."""
    try:
        line.text()
    except ValueError as refusal:
        return str(refusal)
    return ""

"""Columns of text: reading TSV, which has no quoting, and CSV with the quotes of RFC 4180."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled, joined, lines
from dataselect.data.input_files import Inputs
from dataselect.data.line_blocks import longest_line
from dataselect.data.records import BadRecord
from dataselect.errors import InputError, OptionError

SKIPPED = "-"
_WIDEST = 2**31 - 1  # characters in a cell of CSV; the standard library's own limit is 131,072


class _Row(NamedTuple):
    line: SourceLine
    cells: list[str]


_Rows: TypeAlias = Iterator[_Row | BadRecord]


def read_tsv(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for every line, its cells between tabs."""
    return _read(inputs, layout, _tab_rows)


def read_csv(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for every row, which a quoted line feed continues; blank lines do not count."""
    return _read(inputs, layout, _comma_rows)


def _read(
    inputs: Inputs, layout: Layout, rows_of: Callable[[Iterator[SourceLine]], _Rows]
) -> Iterator[Item]:
    """Raises OptionError at once if nothing names the columns, InputError for a bad header."""
    if layout.columns is None and not layout.header:
        raise OptionError("the columns have no names; give --columns, or --header if line 1 does")
    return _records(inputs, layout, rows_of)


def _records(
    inputs: Inputs, layout: Layout, rows_of: Callable[[Iterator[SourceLine]], _Rows]
) -> Iterator[Item]:
    for blocks in inputs.by_file():
        rows = rows_of(lines(blocks))
        names = [None if name == SKIPPED else name for name in layout.columns or ()]
        if layout.header and (head := next(rows, None)) is not None:
            names = names or _header(head)
        for row in rows:
            if isinstance(row, BadRecord):
                yield row
                continue
            try:
                yield Found(row.line, _fields(row.cells, names, layout.text_field))
            except ValueError as refusal:
                yield row.line.bad(refusal)


def _header(row: _Row | BadRecord) -> list[str | None]:
    """The names in a header. Raises InputError where they cannot be field names."""
    if isinstance(row, BadRecord):
        raise InputError(str(row))
    line, names = row
    for position, name in enumerate(names):
        wrong = "has no name" if not name else "repeats a name" if name in names[:position] else ""
        if wrong:
            raise InputError(
                f"{line.source}:{line.number}: column {position + 1} of the header {wrong}; "
                "correct it, or name the columns with --columns as well"
            )
    return [*names]


def _fields(cells: list[str], names: Sequence[str | None], text_field: str) -> dict[str, Any]:
    if len(cells) != len(names):
        raise ValueError(
            f"the number of cells is {len(cells)}, of columns {len(names)} "
            f"({','.join(name or SKIPPED for name in names)}); "
            "correct the line or --columns"
        )
    fields = {name: cell for name, cell in zip(names, cells, strict=True) if name is not None}
    if text_field in fields:
        filled(fields[text_field], f"column '{text_field}'")
    return fields


def _tab_rows(found: Iterator[SourceLine]) -> _Rows:
    for line in found:
        try:
            yield _Row(line, line.text().split("\t"))
        except ValueError as refusal:
            yield line.bad(refusal)


def _comma_rows(found: Iterator[SourceLine]) -> _Rows:
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
    rows = csv.reader(texts(), strict=True)
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
            rows = csv.reader(texts(), strict=True)
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

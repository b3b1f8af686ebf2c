"""Writing CSV and TSV."""

from __future__ import annotations

import csv
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import orjson

from dataselect.data.fields import Column, whole
from dataselect.data.formats.lines import Layout
from dataselect.data.formats.tables.delimited import SKIPPED, check_columns
from dataselect.data.formats.writers import HEAD, RecordWriter, as_spelled

_MARK = "\ufeff"  # a reader leaves it out where a line begins with it


class _DelimitedWriter(RecordWriter):
    """Columns in the order in which the first 10,000 records have them, or as the layout says."""

    unwritten: ClassVar[Mapping[str, str]]
    """Characters that no cell can hold, to what they are."""

    def __init__(self, layout: Layout) -> None:
        self._has_header = layout.header
        self._held: list[dict[str, str]] | None = []  # until the columns are settled
        self._names: dict[str, None] = {}
        self._columns: list[Column] = []
        self._begin = b""
        if layout.columns is not None:
            check_columns(layout)
            named = [name for name in layout.columns if name != SKIPPED]
            self._columns = [
                Column(name, self._cell, lambda _: False, "--columns") for name in named
            ]
            self._names = dict.fromkeys(named)
            self._held, self._begin = None, self._header()

    def write(self, fields: dict[str, Any]) -> bytes:
        """The record's row, as soon as the columns are settled."""
        if self._columns:
            cells = {column.path: column.get(fields) for column in self._columns}
        else:
            cells = {name: self._named_cell(name, value) for name, value in fields.items()}
        if self._held is not None:
            self._check_names(name for name in cells if name not in self._names)
            self._names.update(dict.fromkeys(cells))
            self._held.append(cells)
            return self._settled() if len(self._held) == HEAD else b""
        row = self._row_of(cells)
        begin, self._begin = self._begin, b""
        return begin + row

    def write_line(self, line: bytes) -> bytes:
        """Likewise; numbers are written as they are spelled."""
        return self.write(as_spelled(line))

    def finish(self) -> bytes:
        """What was held back; of no records the header, where that is known."""
        return self._begin if self._held is None else self._settled()

    def _settled(self) -> bytes:
        assert self._held is not None
        held, self._held = self._held, None
        header = self._header() if self._names else b""
        return header + b"".join(map(self._row_of, held))

    def _check_names(self, names: Iterable[str]) -> None:
        for name in names:
            if not name and self._names:
                raise ValueError("a field without a name is no column; rename it")
            self._named_cell(name, name)

    def _header(self) -> bytes:
        return self._line([*self._names]) if self._has_header else b""

    def _row_of(self, cells: Mapping[str, str]) -> bytes:
        unknown = next((name for name in cells if name not in self._names), None)
        if unknown is not None:
            raise ValueError(
                f"field '{unknown}' is in none of the first {HEAD:,} records, which gave the "
                "columns; name all columns with convert --columns"
            )
        return self._line([cells.get(name, "") for name in self._names])

    def _named_cell(self, name: str, value: Any) -> str:
        try:
            return self._cell(value)
        except ValueError as refusal:
            raise ValueError(f"field '{name}' {refusal}") from None

    def _cell(self, value: Any) -> str:
        """A string as it is, nothing for null, anything else as compact JSON."""
        if value is None:
            return ""
        if not isinstance(value, str):
            try:
                return orjson.dumps(value).decode()
            except orjson.JSONEncodeError as error:
                raise ValueError(f"is not correct JSON ({error}); correct it") from None
        for character, what in self.unwritten.items():
            if character in value:
                raise ValueError(f"holds {what}; remove it, or leave the record as JSON")
        return whole(value)

    @abstractmethod
    def _line(self, cells: Sequence[str]) -> bytes:
        """A row."""


class CsvWriter(_DelimitedWriter):
    """Writes CSV with quotes where they are needed, and line feeds at the ends of lines."""

    unwritten: ClassVar = {"\0": "a NUL"}

    def __init__(self, layout: Layout) -> None:
        self._last = _LastRow()
        delimiter = layout.delimiter or ","
        # It quotes what may end a line; with this end, carriage returns, too.
        self._minimal = csv.writer(self._last, delimiter=delimiter, lineterminator="\r\n")
        self._quoted = csv.writer(
            self._last, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL
        )
        super().__init__(layout)

    def _line(self, cells: Sequence[str]) -> bytes:
        rows = self._quoted if cells[0].startswith(_MARK) else self._minimal
        rows.writerow(cells)
        return self._last.text.removesuffix("\r\n").encode() + b"\n"


class _LastRow:
    """What `csv.writer` writes to."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


class TsvWriter(_DelimitedWriter):
    """Writes TSV, which has no way to quote a tab."""

    unwritten: ClassVar = {
        "\t": "a tab",
        "\n": "a line feed",
        "\r": "a carriage return",
        "\0": "a NUL",
    }

    def _line(self, cells: Sequence[str]) -> bytes:
        return "\t".join(cells).encode() + b"\n"

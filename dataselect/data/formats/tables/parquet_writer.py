"""Writing Parquet, as pyarrow does."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from dataselect.data.fields import Column, whole
from dataselect.data.formats.lines import Layout
from dataselect.data.formats.writers import HEAD, RecordWriter

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter as ArrowWriter

_GROUP = 50_000  # rows


class ParquetWriter(RecordWriter):
    """Writes rows whose columns, and their types, are those of the first 10,000 records.

    A field that a record lacks is null. Whole numbers and others make a column of doubles.
    """

    def __init__(self, layout: Layout) -> None:
        import pyarrow as pa

        self._columns = [Column.optional(name) for name in layout.columns or ()]
        self._rows: list[dict[str, Any]] = []
        self._type: pa.StructType = pa.struct([])
        self._file = _Written()
        self._arrow: ArrowWriter | None = None

    def write(self, fields: dict[str, Any]) -> bytes:
        """The rows so far, where they are as many as a group has."""
        if self._columns:
            fields = {column.path: column.find(fields) for column in self._columns}
        found = _merged(self._type, _type_of(fields, ""), "")
        if self._arrow is not None and found != self._type:
            name = next(each.name for each in found if each not in self._fields)
            raise ValueError(
                f"field '{name}' is not as in the first {HEAD:,} records, which gave the columns; "
                "write JSONL"
            )
        self._type = found
        self._rows.append(fields)
        return self._group() if len(self._rows) == (_GROUP if self._arrow else HEAD) else b""

    def finish(self) -> bytes:
        """The rest of the rows, and the footer."""
        begin = self._group()
        assert self._arrow is not None
        self._arrow.close()
        return begin + self._file.taken()

    def _group(self) -> bytes:
        """Write out the rows that are held."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._arrow is None:
            self._type = _settled(self._type)
            self._fields = list(self._type)
            self._arrow = pq.ParquetWriter(self._file, pa.schema(self._fields))
        if self._rows:
            self._arrow.write_table(pa.Table.from_pylist(self._rows, pa.schema(self._fields)))
            self._rows = []
        return self._file.taken()


class _Written(io.RawIOBase):
    """The file that pyarrow writes to."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._pieces.append(bytes(data))
        self._size += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        """What was written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _type_of(value: Any, where: str) -> pa.DataType:
    """The narrowest type that holds a value. Raises ValueError where there is none."""
    import pyarrow as pa

    if isinstance(value, dict):
        if not value and where:
            raise ValueError(
                f"field '{where}' is an empty object, which no column can hold; write JSONL"
            )
        inner = {
            name: _type_of(each, f"{where}.{name}" if where else name)
            for name, each in value.items()
        }
        return pa.struct(inner.items())
    if isinstance(value, list):
        kind = pa.null()
        for each in value:
            kind = _merged(kind, _type_of(each, where), where)
        return pa.list_(kind)
    if isinstance(value, str):
        try:
            whole(value)
        except ValueError as refusal:
            raise ValueError(f"field '{where}' {refusal}") from None
    if type(value) is int and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"field '{where}' is too large for a column; make it a string")
    kinds = {type(None): pa.null, bool: pa.bool_, int: pa.int64, float: pa.float64, str: pa.string}
    return kinds[type(value)]()


def _merged(one: pa.DataType, other: pa.DataType, where: str) -> pa.DataType:
    """The narrowest type that holds what either holds. Raises ValueError where there is none."""
    import pyarrow as pa

    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if {one, other} == {pa.int64(), pa.float64()}:
        return pa.float64()
    if pa.types.is_list(one) and pa.types.is_list(other):
        return pa.list_(_merged(one.value_type, other.value_type, where))
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        fields = {each.name: each.type for each in one}
        for each in other:
            inner = f"{where}.{each.name}" if where else each.name
            fields[each.name] = _merged(fields.get(each.name, pa.null()), each.type, inner)
        return pa.struct(fields.items())
    raise ValueError(
        f"field '{where}' is {_words(other)}, and {_words(one)} in earlier records; a column has "
        "values of one kind"
    )


def _words(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return "an object"
    if pa.types.is_list(kind):
        return "an array"
    names = {pa.string(): "a string", pa.bool_(): "a boolean"}
    return names.get(kind, "a number")


def _settled(kind: pa.DataType) -> pa.DataType:
    """A type without columns of nothing but null, which are of strings then."""
    import pyarrow as pa

    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_settled(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(each.name, _settled(each.type)) for each in kind])
    return kind

"""Parquet files, and folders of them: rows are records, as pyarrow reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from dataselect.data.files.raw_files import display
from dataselect.data.formats.lines import Found, Item, Layout, SourceLine
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 4096  # made into records at a time
_SUFFIX = ".parquet"
_SPLIT = re.compile(r"(.+?)[-_.](?:\d+-of-\d+|\d+)(?:-[0-9a-f]+)?$")  # train-00000-of-00005


def recognizes(first: bytes) -> bool:
    """Whether a file begins as Parquet does."""
    return first.startswith(b"PAR1")


def files_of(folder: str) -> list[str]:
    """The Parquet files below a folder. Raises InputError for those of several splits."""
    found = sorted(
        os.path.join(above, name)
        for above, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(_SUFFIX) and name[0] not in "._"
    )
    stems = [os.path.basename(path)[: -len(_SUFFIX)] for path in found]
    splits = {split[1]: None for stem in stems if (split := _SPLIT.fullmatch(stem))}
    if len(splits) > 1:
        raise InputError(
            f"{folder}: has the splits {', '.join(splits)}; name the files of one, such as "
            f"'{os.path.join(os.path.dirname(found[0]), next(iter(splits)))}-*{_SUFFIX}'"
        )
    return found


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for each row, counted from 1; dates and times are ISO 8601, NaN is null.

    `layout.columns` are the only ones to read. Raises InputError for a file that is damaged, or
    has columns of bytes.
    """
    import pyarrow as pa

    inputs.keep_for_rereading()
    for path in inputs.paths:
        try:
            yield from _records(inputs, path, layout.columns)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            words = str(error).partition("\n")[0]
            raise InputError(
                f"{display(path)}: not Parquet, or damaged ({words}); make the file anew"
            ) from None


def _records(inputs: Inputs, path: str, columns: tuple[str, ...] | None) -> Iterator[Item]:
    import pyarrow.parquet as pq

    source, number = display(path), 0
    with inputs.open_in_any_order(path) as raw, pq.ParquetFile(raw) as file:
        schema = file.schema_arrow
        wanted = _columns(schema, columns, source)
        has_maps = any("map<" in str(schema.field(name).type) for name in wanted)
        maps: dict[str, Any] = {"maps_as_pydicts": "strict"} if has_maps else {}
        for batch in file.iter_batches(_ROWS, columns=wanted):
            for row in batch.to_pylist(**maps):
                number += 1
                line = orjson.dumps(row, default=_value)
                yield Found(SourceLine(source, number, line), row, line)


def _columns(schema: pa.Schema, given: tuple[str, ...] | None, source: str) -> list[str]:
    """The columns to read. Raises OptionError for one that is not there, InputError for bytes."""
    missing = [name for name in given or () if name not in schema.names]
    if missing:
        there = ", ".join(schema.names)
        raise OptionError(f"--columns {missing[0]}: {source} has no such column; it has {there}")
    wanted = schema.names if given is None else [*given]
    for name in wanted:
        if "binary" in str(schema.field(name).type):
            kept = ",".join(each for each in wanted if each != name)
            raise InputError(
                f"{source}: column '{name}' holds bytes, for which JSON has no form; leave it out "
                f"with --columns {kept}"
            )
    return wanted


def _value(value: Any) -> Any:
    """JSON of what orjson has no form for: decimals, and pandas' timestamps."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value)) if value.is_finite() else None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

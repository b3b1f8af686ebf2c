"""A table of slot values with their canonical forms, as `dataselect values` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unicodedata import normalize

from dataselect.data.formats.lines import Found, Layout, SourceLine
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.json_lines.json_values import kind_of
from dataselect.data.records import BadRecord
from dataselect.errors import InputError

_TABLE = "a table of values has slot, value and canonical, see dataselect help values"


class CanonicalForm(NamedTuple):
    """A row: a value of a slot, and the value that it is a synonym of, or itself."""

    line: SourceLine
    slot: str
    value: str
    canonical: str


@dataclass
class CanonicalForms:
    """The rows of a table in their order, each value of a slot once but for case and spaces."""

    rows: dict[tuple[str, str], CanonicalForm] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str) -> CanonicalForms:
        """Read a table of any format. Raises InputError for the first row that is wrong."""
        found = cls()
        for item in RecordFiles([path], layout=Layout()).items():
            if isinstance(item, BadRecord):
                raise InputError(str(item))
            found._add(_row(item))
        for row in found.rows.values():
            found._check(row)
        return found

    def name_of(self, slot: str, value: str) -> str | None:
        """The canonical form of a value, if the table has the value."""
        row = self.rows.get((slot, folded(value)))
        return None if row is None else row.canonical

    def synonyms(self) -> Iterator[CanonicalForm]:
        """Yield the values that have another canonical form than themselves."""
        for row in self.rows.values():
            if folded(row.value) != folded(row.canonical):
                yield row

    def _add(self, row: CanonicalForm) -> None:
        known = self.rows.setdefault((row.slot, folded(row.value)), row)
        if known.canonical != row.canonical:
            raise _wrong(
                row,
                f"value '{row.value}' of slot '{row.slot}' has the canonical form "
                f"'{known.canonical}' in line {known.line.number}; leave one of the rows out",
            )

    def _check(self, row: CanonicalForm) -> None:
        """Raise InputError for a canonical form that is a synonym of another."""
        other = self.rows.get((row.slot, folded(row.canonical)))
        if other is not None and folded(other.canonical) != folded(row.canonical):
            raise _wrong(
                row,
                f"canonical form '{row.canonical}' is a synonym of '{other.canonical}' itself, in "
                f"line {other.line.number}; give both rows the same",
            )


def folded(value: str) -> str:
    """A value without what makes no difference between values: case, spaces, composition."""
    return " ".join(normalize("NFC", value).casefold().split())


def _row(item: Found) -> CanonicalForm:
    slot, value = (_text(item, name) for name in ("slot", "value"))
    canonical = item.fields.get("canonical")
    if canonical is not None and canonical != "":
        canonical = _text(item, "canonical")
    return CanonicalForm(item.line, slot, value, canonical or value)


def _text(item: Found, name: str) -> str:
    """A cell that is a text. Raises InputError."""
    if name not in item.fields:
        raise _wrong(item, f"no field '{name}'; {_TABLE}")
    value = item.fields[name]
    if not isinstance(value, str):
        raise _wrong(item, f"'{name}' is {kind_of(value)}, not a string; quote it")
    if not value.strip() or len(value.splitlines()) > 1:
        what = "has a line break" if value.strip() else "is empty"
        raise _wrong(item, f"'{name}' {what}; correct it, or leave the row out")
    return value


def _wrong(row: Any, reason: str) -> InputError:
    return InputError(str(row.line.bad(reason)))

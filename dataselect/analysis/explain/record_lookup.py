"""Records looked up in files: by the value of a field, or by file and line."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from dataselect.data.files.input_names import expand, holds
from dataselect.data.files.raw_files import display, refuse_shared_stdin
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.json_lines.json_values import encoded, parse
from dataselect.data.records import BadRecord, all_good
from dataselect.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dataselect.data.fields import Column
    from dataselect.data.files.line_blocks import Block

_MOST = 200  # places of a record, in all files
_LOOKED_AT = 2_000  # ids, for one that is like the id that nobody has
_ALIKE = 0.8


@dataclass(frozen=True)
class Place:
    """A record where it was found: `raw` is its line, without the line feed."""

    source: str
    line: int
    raw: bytes
    record: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"

    def is_in(self, path: str | None) -> bool:
        """Whether that is the file, by whatever name, or an output folder that has it."""
        return path is not None and holds(path, self.source)


class Files:
    """Files that are read again and again, each once in the list; pipes are copied.

    Raises InputError for one that cannot be opened, OptionError for standard input given twice.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        paths = [path for pattern in patterns for path in expand([pattern])]
        refuse_shared_stdin(paths)
        once = {os.path.realpath(path): path for path in reversed(paths)}
        self.inputs = {display(path): RecordFiles([path]) for path in reversed(once.values())}
        for each in self.inputs.values():
            each.keep_for_rereading()

    def only(self, paths: Iterable[str]) -> Files:
        """Those of these files that some paths lead to."""
        wanted = [display(path) for path in paths]
        found = Files([])
        found.inputs = {
            name: each
            for name, each in self.inputs.items()
            if any(holds(path, name) for path in wanted)
        }
        return found

    def and_also(self, paths: Iterable[str]) -> Files:
        """These files, and others that exist."""
        found = Files([])
        found.inputs = Files(paths).inputs | self.inputs
        return found

    def blocks(self) -> Iterator[Block]:
        for each in self.inputs.values():
            yield from each.blocks()


class FieldSearch:
    """A search for records that have a value in a field, which parses hardly any other.

    Where `spelled` reads as a JSON number or boolean, these are found beside the string.
    """

    def __init__(self, column: Column, spelled: str, *, any_type: bool = True) -> None:
        self._column, self._spelled = column, spelled
        self._quoted = encoded(spelled)
        own = re.escape(spelled.encode(errors="surrogatepass"))
        bare = any_type and _is_bare(spelled)
        self._bare = re.compile(rb"[:\s]%b[\s,}]" % own) if bare else None
        # What is spelled in ASCII needs no escapes but those of ASCII, which are rare.
        plain = (spelled + column.path).isascii() and "/" not in spelled + column.path
        self._escape = re.compile(rb"\\u00[0-7]" if plain else rb"\\")

    def find(self, blocks: Iterable[Block]) -> Iterator[Place | BadRecord]:
        """Yield the records, and lines that seem to be one of them and cannot be read."""
        for number, line, source in _lines_at(self._places, blocks):
            found = _read_line(source, number, line)
            if isinstance(found, Place):
                with contextlib.suppress(KeyError, TypeError):
                    value = self._column.find(found.record)
                    bare = json.dumps(value) if isinstance(value, int | float) else None
                    if self._spelled in (value, bare):
                        yield found
            elif self._quoted in line:
                yield found

    def _places(self, data: bytes) -> Iterator[int]:
        """Yield where in some lines the value may be, in no order."""
        place = data.find(self._quoted)
        while place >= 0:
            yield place
            place = data.find(self._quoted, place + 1)
        for pattern in (self._bare, self._escape if b"\\" in data else None):
            if pattern is not None:
                yield from (match.start() for match in pattern.finditer(data))


def _lines_at(
    places: Callable[[bytes], Iterable[int]], blocks: Iterable[Block]
) -> Iterator[tuple[int, bytes, str]]:
    """Number, bytes and source of each line that has one of the places in a block."""
    for block in blocks:
        found = sorted(places(block.data))
        lines = list(block.numbered_lines()) if found else []
        current = start = 0
        given = -1
        for place in found:
            current += block.data.count(b"\n", start, place)
            start = place
            if current > given:
                yield *lines[current], block.source
                given = current


def _is_bare(spelled: str) -> bool:
    """Whether something reads as a JSON number or boolean."""
    try:
        return isinstance(json.loads(spelled), int | float)
    except ValueError:
        return False


def _lines(blocks: Iterable[Block]) -> Iterator[tuple[int, bytes, str]]:
    """Number, bytes and source of each line."""
    for block in blocks:
        for number, line in block.numbered_lines():
            yield number, line, block.source


def _read_line(source: str, number: int, line: bytes) -> Place | BadRecord:
    """The record of a line, whole numbers of any size exact, or what is wrong with it."""
    try:
        record = parse(line)
    except ValueError as refusal:
        return BadRecord(source, number, line, str(refusal))
    with contextlib.suppress(ValueError, RecursionError):  # thousands of digits, or very deep
        record = json.loads(line)
    return Place(source, number, line, record)


def line_of(files: Files, address: str) -> Place | None:
    """The record at `FILE:LINE`, if that is what the address is and FILE is among the files.

    Raises InputError where the file has no such record.
    """
    name, _, number = address.rpartition(":")
    if not number.isdecimal():
        return None
    for source, inputs in files.inputs.items():
        if source == name or (os.path.exists(name) and os.path.samefile(source, name)):
            for line_number, line, _ in _lines(inputs.blocks()):
                if line_number == int(number) and line.strip():
                    [place] = all_good([_read_line(source, line_number, line)])
                    return place
            raise InputError(f"{source}:{number}: there is no record; check the number of the line")
    return None


def addressed(spelled: str) -> list[str]:
    """The file of `FILE:LINE`, if it is there."""
    name, _, number = spelled.rpartition(":")
    return [name] if number.isdecimal() and os.path.isfile(name) else []


def look_up(wanted: str, files: Files, column: Column) -> tuple[list[list[Place]], list[BadRecord]]:
    """Places of an id or FILE:LINE by record, and bad lines that may be one.

    Raises InputError where there is none, and where an id is that of more than 200.
    """

    def having(spelled: str) -> list[Place | BadRecord]:
        return list(islice(FieldSearch(column, spelled).find(files.blocks()), _MOST + 1))

    def key(place: Place) -> str:
        return encoded(column.find(place.record)).decode()

    found = having(wanted)
    at = None if any(isinstance(each, Place) for each in found) else line_of(files, wanted)
    if at is not None:
        own = column.find(at.record)
        found = [] if own is None else having(own if isinstance(own, str) else key(at))
        if not 0 < len(found) <= _MOST:  # no id, or one that many records have
            found = [
                _read_line(source, number, line)
                for number, line, source in _lines(files.blocks())
                if _is_akin(at.raw, line)
            ]
    if len(found) > _MOST:
        raise InputError(
            f"{found[0].source}:{found[0].line}: one of more than {_MOST} records called {wanted}; "
            "name one as FILE:LINE, or another --id-field"
        )
    groups = _grouped([each for each in found if isinstance(each, Place)], key)
    if at is not None:
        groups = [group for group in groups if at in group]
    bad = [each for each in found if isinstance(each, BadRecord)]
    if not groups:
        raise InputError(str(bad[0]) if bad else _not_found(wanted, files, column))
    return groups, bad


def _not_found(wanted: str, files: Files, column: Column) -> str:
    """That no record has the id, and up to three like it, else the first, of the first records."""
    from difflib import get_close_matches

    where = f"no record of {', '.join(files.inputs)} has the {column.path} '{wanted}'"
    seen = list(islice(_values(files.blocks(), column), _LOOKED_AT))
    if not seen:
        return f"{where}, or any; name the field with --id-field, or the record as FILE:LINE"
    near = get_close_matches(wanted, seen, cutoff=_ALIKE) or seen[:1]
    return f"{where}; ids are such as {', '.join(near)}"


def _values(blocks: Iterable[Block], column: Column) -> Iterator[str]:
    for _, line, _ in _lines(blocks):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            value = column.find(parse(line))
            if value is not None:
                yield value if isinstance(value, str) else encoded(value).decode()


def continues(line: bytes, other: bytes) -> bool:
    """Whether the other line is a record's line with fields added at its end, or none."""
    head = line.rstrip()[:-1].rstrip()
    return bool(head) and other.startswith(head) and other[len(head) :].lstrip()[:1] in (b",", b"}")


def _is_akin(one: bytes, other: bytes) -> bool:
    return continues(one, other) or continues(other, one)


def _grouped(places: Sequence[Place], key: Callable[[Place], str]) -> list[list[Place]]:
    """Places by the record that they are of.

    Of one `key`, a file has one record; where it has more, a line of another file goes with the
    one whose bytes it continues, and otherwise with the first.
    """
    groups: list[tuple[str, list[Place]]] = []
    for place in places:
        own = key(place)
        free = [
            group
            for other, group in groups
            if other == own and place.source not in [each.source for each in group]
        ]
        fitting = [group for group in free if any(_is_akin(each.raw, place.raw) for each in group)]
        if free:
            (fitting or free)[0].append(place)
        else:
            groups.append((own, [place]))
    return [group for _, group in groups]

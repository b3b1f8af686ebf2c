"""Files of records in any format: what each one is, and blocks of JSON lines made of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from dataselect.data.files.file_parts import FilePart
from dataselect.data.files.input_names import expand
from dataselect.data.files.line_blocks import BLOCK_BYTES, Block, refused, split_refused
from dataselect.data.files.raw_files import unreadable
from dataselect.data.formats import FORMATS, JSONL, Format, Layout, named, of_suffix, suffix_of
from dataselect.data.formats.lines import Item
from dataselect.data.input_files import Inputs, PartOfInputs
from dataselect.data.json_lines.json_values import encoded
from dataselect.data.records import BadRecord
from dataselect.errors import InputError, OptionError

_LOOKED_AT = 1 << 16  # bytes that a recognizer sees


class _FileSet(NamedTuple):
    """Files that a reader takes together."""

    format_: Format | None
    paths: Sequence[str]


class RecordFiles(Inputs):
    """Files of records, in order, as often as asked; each of the format that it shows.

    That is told by suffix and first bytes, unless `source` names the format of all of them. What
    comes through a pipe without a suffix is JSONL. `layout`: what files do not say themselves.
    """

    def __init__(
        self,
        patterns: Sequence[str] = (),
        *,
        digest: bool = False,
        source: str | None = None,
        layout: Layout | None = None,
        text_field: str | None = None,
        written: Format | None = None,
    ) -> None:
        """`written`: the format of the output, which the layout may be for as well.

        Raises InputError, OptionError for what cannot be read.
        """
        given = None if source is None else named(source, "--from")
        self._layout = layout or Layout()
        if text_field is not None:
            self._layout = replace(self._layout, text_field=text_field)
        sets = _sets(expand(patterns), given)
        super().__init__([path for each in sets for path in each.paths], digest=digest)
        self._sets = [
            each if each.format_ else _FileSet(self._format_of(each.paths[0]), each.paths)
            for each in sets
        ]
        for each in self.formats:
            each.check_installed()
        check_layout(self._layout, [*self.formats, *([] if written is None else [written])])

    @property
    def formats(self) -> list[Format]:
        """The format of each set of files."""
        return [each.format_ or JSONL for each in self._sets]

    def is_jsonl(self, suffix: str) -> bool:
        """Whether it is JSONL what files of a suffix hold here, as NeMo has it in `.json`."""
        return any(
            each.format_ is JSONL and suffix_of(path) == suffix
            for each in self._sets
            for path in each.paths
        )

    def by_file(self) -> list[Iterator[Block]]:
        """The blocks of each set of files by itself."""
        self.meter.forget(self.paths)
        return [self._records_of(each) for each in self._sets]

    def pieces(self) -> Iterator[Block | FilePart]:
        """Likewise, but of plain JSONL files only where the lines are."""
        self.meter.forget(self.paths)
        for each in self._sets:
            if each.format_ is JSONL:
                yield from self._pieces_of(*each.paths)
            else:
                yield from self._records_of(each)

    def items(self) -> Iterator[Item]:
        """Records as their formats read them, bad ones in their places."""
        for each in self._sets:
            yield from self._items_of(each)

    def _records_of(self, files: _FileSet) -> Iterator[Block]:
        if files.format_ is JSONL:
            [path] = files.paths
            return self._blocks_of(path)
        return blocks_of_items(self._items_of(files))

    def _items_of(self, files: _FileSet) -> Iterator[Item]:
        assert files.format_ is not None
        return files.format_.read(PartOfInputs(self, files.paths), self._layout)

    def _format_of(self, path: str) -> Format:
        """The format of a file by its suffix and first bytes. Raises InputError."""
        suffix, own = suffix_of(path), of_suffix(path)
        asked = [
            each
            for each in FORMATS.values()
            if suffix in each.shared_suffixes or (own is None and each.by_content)
        ]
        first = self.first_bytes(path, _LOOKED_AT) if asked else b""
        return next((each for each in asked if each.recognizes(first)), own or JSONL)


def check_layout(layout: Layout, formats: Sequence[Format]) -> None:
    """Raise OptionError for what a layout says where none of some formats wants to know it."""
    if layout.list_size is not None and not any(each.takes_list_size for each in formats):
        raise OptionError("--list-size is for nemo-nbest; leave it out, or add --from nemo-nbest")
    said = layout.columns, layout.header, layout.delimiter
    unsaid = Layout.columns, Layout.header, Layout.delimiter
    if said != unsaid and not any(each.takes_columns for each in formats):
        raise OptionError(
            "--columns, --no-header and --delimiter are for csv, tsv and such; leave them out"
        )


def _sets(paths: Sequence[str], given: Format | None) -> list[_FileSet]:
    """Files that belong together; without a format where they have to be looked at."""
    if given is not None and given.files > 1:
        if len(paths) % given.files:
            raise OptionError(
                f"--from {given.name} reads {given.files} files that belong together, or several "
                f"times as many; {len(paths)} given"
            )
        starts = range(0, len(paths), given.files)
        return [_FileSet(given, paths[start : start + given.files]) for start in starts]
    return [_folder(path, given) or _FileSet(given, [path]) for path in paths]


def _folder(path: str, given: Format | None) -> _FileSet | None:
    """The files of a folder, or None for a file. Raises InputError for a folder of no format."""
    if not os.path.isdir(path):
        return None
    for each in FORMATS.values() if given is None else [given]:
        try:
            files = each.files_of(path)
        except OSError as error:
            raise unreadable(path, error) from None
        if files:
            return _FileSet(each, files)
    what = "of no format that is known" if given is None else f"not of {given.name}"
    raise InputError(
        f"{path}: a folder, and {what}; name its files, or a quoted pattern such as 'DIR/*.jsonl'"
    )


def blocks_of_items(items: Iterable[Item]) -> Iterator[Block]:
    """Blocks of JSON lines, a line a record; a bad one is a line that tells why it is."""
    lines: list[bytes] = []
    places: list[int] = []
    source, size = "", 0
    for item in items:
        own, number, line = _line(item)
        if lines and (own != source or size >= BLOCK_BYTES):
            yield _block(source, lines, places)
            lines, places, size = [], [], 0
        source = own
        lines.append(line)
        places.append(number)
        size += len(line) + 1
    if lines:
        yield _block(source, lines, places)


def _block(source: str, lines: list[bytes], places: list[int]) -> Block:
    return Block(source, places[0], b"\n".join([*lines, b""]), places=places)


def _line(item: Item) -> tuple[str, int, bytes]:
    """Where a record comes from, and its line."""
    if isinstance(item, BadRecord):
        return item.source, item.line, refused(split_refused(item.raw)[0], item.reason)
    return item.line.source, item.line.number, item.json or encoded(item.fields)

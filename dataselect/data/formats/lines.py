"""What every format builds on: lines with their place, and records made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from dataselect.data.files.first_bytes import explained
from dataselect.data.files.line_blocks import BOM, Block, spelled_bytes, split_refused
from dataselect.data.files.raw_files import display
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import REMEDY, decoded
from dataselect.data.records import BadRecord
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    from dataselect.data.formats.nlu.canonical_forms import CanonicalForms


@dataclass(frozen=True)
class Layout:
    """What a file does not say about itself.

    `columns`: a name for each column by position, `-` for one that is passed over. `header`: the
    first line of each file holds names. `delimiter`: what stands between cells of CSV, None to look
    at the first line. `text_field`: the field for the text. `list_size`: how many hypotheses each
    n-best list has, where nothing else tells. `blank_lines`: whether a line of text may be blank,
    as what a recogniser heard may. `values`: canonical forms of slot values, for formats with a
    place for synonyms.
    """

    columns: tuple[str, ...] | None = None
    header: bool = True
    delimiter: str | None = None
    text_field: str = "text"
    list_size: int | None = None
    blank_lines: bool = False
    values: CanonicalForms | None = None

    def __post_init__(self) -> None:
        """Raise OptionError for a delimiter that is no single character of ASCII."""
        if self.delimiter is not None and len(self.delimiter.encode()) != 1:
            raise OptionError(f"--delimiter {self.delimiter!r} is no single character; write one")


class SourceLine(NamedTuple):
    """One line as it stands in its file, without its line feed; `number` counts from 1.

    A record of several lines is told by its first, with all of them in `raw`.
    """

    source: str
    number: int
    raw: bytes

    def blank(self) -> bool:
        """Whether there is nothing but white space of ASCII."""
        return not self.raw or self.raw.isspace()

    def text(self) -> str:
        """The line less the carriage return of a Windows file. Raises ValueError if not UTF-8."""
        return decoded(self.raw.removesuffix(b"\r"))

    def bad(self, reason: object) -> BadRecord:
        """This line as a bad record."""
        return BadRecord(
            self.source, self.number, self.raw, explained(str(reason), self.raw, self.number)
        )


class Found(NamedTuple):
    """A record, and the line that messages point to; `json`: the record as the file spells it."""

    line: SourceLine
    fields: dict[str, Any]
    json: bytes | None = None


Item: TypeAlias = Found | BadRecord


def filled(text: str, what: str) -> str:
    """A text that is not blank. Raises ValueError about `what`."""
    if not text or text.isspace():
        raise ValueError(f"{what} is empty; {REMEDY}")
    return text


def lines(blocks: Iterable[Block]) -> Iterator[SourceLine]:
    """Every line of some blocks; a line ends at a line feed and nowhere else.

    A byte order mark at its beginning is left out: there was a file that others were joined to.
    """
    for block in blocks:
        for number, raw in block.numbered_lines():
            yield SourceLine(block.source, number, raw.removeprefix(BOM))


def each_line(
    found: Iterable[SourceLine], fields: Callable[[SourceLine], dict[str, Any]]
) -> Iterator[Item]:
    """One record for each line; a line that `fields` refuses with ValueError is a bad record."""
    for line in found:
        try:
            yield Found(line, fields(line))
        except ValueError as refusal:
            yield line.bad(refusal)


def document_of(inputs: Inputs) -> SourceLine | None:
    """One file as a whole, as its first line; None where it holds nothing but white space.

    Raises InputError for one that is longer than a line may be: it is held in memory.
    """
    [blocks] = inputs.by_file()
    return whole_file(blocks, inputs.longest)


def whole_file(blocks: Iterable[Block], longest: int) -> SourceLine | None:
    """The blocks of one file as `document_of` returns them."""
    held: list[bytes] = []
    size = 0
    source = ""
    for block in blocks:
        source = block.source
        size += len(block.data)
        held.append(block.data)
        if why := split_refused(block.data)[1]:
            raise unreadable(SourceLine(source, 1, b""), why)
        if size > longest:
            raise unreadable(
                SourceLine(source, 1, b""),
                f"longer than {spelled_bytes(longest)}; raise that with --max-line, or split it",
            )
    raw = b"".join(held)
    return SourceLine(source, 1, raw) if raw.strip() else None


def unreadable(file: SourceLine, reason: str, line: int = 1) -> InputError:
    """What to raise about a file that is lost as a whole."""
    return InputError(f"{file.source}:{line}: {reason} (the whole file is lost)")


def joined(several: Iterable[SourceLine]) -> SourceLine:
    """The lines of one record as one."""
    first, *others = several
    return first._replace(raw=b"\n".join([first.raw, *[line.raw for line in others]]))


def in_step(inputs: Inputs, remedy: str) -> Iterator[tuple[SourceLine, ...]]:
    """The first lines of all files, then the second ones, and so on.

    Counts first, so that files of unequal length raise InputError before anything is written;
    what comes through a pipe is copied to a temporary file for that. `remedy`: what to do then.
    """
    inputs.keep_for_rereading()
    counts = [sum(block.data.count(b"\n") for block in blocks) for blocks in inputs.by_file()]
    if len(set(counts)) > 1:
        each = zip(inputs.paths, counts, strict=True)
        words = ", ".join(f"{display(path)} has {count:,} lines" for path, count in each)
        raise InputError(f"{words}; {remedy}")
    return zip(*[lines(blocks) for blocks in inputs.by_file()], strict=True)

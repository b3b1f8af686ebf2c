"""What every command's run has: its files, counts, requirements, progress and report."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from dataselect.console import Progress
from dataselect.data import records
from dataselect.data.fields import Column
from dataselect.data.files.raw_files import refuse_shared_stdin
from dataselect.data.files.sinks import STDOUT, Sink
from dataselect.data.formats import JSONL, Layout, suffix_of
from dataselect.data.formats.lines import SourceLine
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.formats.record_output import RecordOutput
from dataselect.data.input_files import Inputs
from dataselect.data.output_files import Outputs
from dataselect.data.records import BadRecord
from dataselect.errors import InputError, RequirementError
from dataselect.execution.counting.counts import Counts
from dataselect.versions import signature, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from typing_extensions import Self

    from dataselect.models.normalization import Normalization

Item = TypeVar("Item")
FAIL, SKIP = "fail", "skip"
_BATCH_RECORDS = 4096


@dataclass(frozen=True)
class Settings:
    """How a run treats files and records, whatever the command.

    `target` is the format of the output, where its suffix does not tell, and `layout` what else
    that format asks for. `on_error` is `fail`,
    `skip`, or a path that collects bad lines. `sort` writes best first.
    `given`: all options of the command by name, for reports.
    """

    output: str = STDOUT
    rejects: str | None = None
    target: str | None = None
    layout: Layout = field(default_factory=Layout)
    on_error: str = FAIL
    report: str | None = None
    sort: bool = False
    jobs: int = 1
    seed: int = 0
    min_records: int = 0
    allow_empty: bool = False
    text_field: str = "text"
    quiet: bool = True
    given: Mapping[str, Any] = field(default_factory=dict)


class Run:
    r"""One command's run over its inputs. All its files appear together at the end, or none.

    `counts` are of the records so far; `facts` are options for the report, at first those that
    were given, and so are `warnings`, which the command prints, too.

    >>> with Run(Inputs(["pool.jsonl"]), Settings(output="words.txt")) as run:  # doctest: +SKIP
    ...     for texts in run.texts("words"):
    ...         run.write("\n".join(texts).encode())
    """

    def __init__(
        self,
        inputs: Inputs,
        settings: Settings,
        *,
        also_read: Sequence[Inputs] = (),
        writes_records: bool = False,
    ) -> None:
        """`also_read`: files that are read elsewhere, and must not be written either.

        `writes_records`: whether the output is records, in the format that its name tells. Raises
        OptionError if standard input would be read twice.
        """
        refuse_shared_stdin([path for each in (inputs, *also_read) for path in each.paths])
        self.inputs, self.settings = inputs, settings
        self._writes_records = writes_records
        inputs.cuts = True
        self.counts = Counts()
        own = {each.name for each in fields(settings)}
        self.facts = {name: value for name, value in settings.given.items() if name not in own}
        self.warnings: list[str] = []
        read: dict[tuple[int, int] | tuple[str], str] = {
            key: path for each in (inputs, *also_read) for key, path in each.identities().items()
        }
        self._outputs = Outputs(read)
        self._files: dict[str, Sink] = {}
        self._record_files: dict[str, RecordOutput] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._outputs)
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def _open(self, stack: ExitStack) -> None:
        """Open what is written; what has to end before that is committed goes on the stack."""
        settings = self.settings
        self._sink: Sink | None = None
        if self._writes_records:
            self._kept = self._open_records(settings.output)
        else:
            self._sink = self._outputs.open(settings.output)
        self._rejects = self._open_records(settings.rejects) if settings.rejects else None
        self._bad = self._outputs.open(settings.on_error) if self.collects_bad else None
        self._report = self._outputs.open(settings.report) if settings.report else None

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def _open_records(self, path: str) -> RecordOutput:
        layout = replace(self.settings.layout, text_field=self.settings.text_field)
        target = self.settings.target
        if target is None and isinstance(self.inputs, RecordFiles):
            target = JSONL.name if self.inputs.is_jsonl(suffix_of(path)) else None
        return RecordOutput(self._outputs, path, target=target, layout=layout)

    def write(self, data: bytes) -> None:
        """Write to an output that is not records. Raises OutputError."""
        assert self._sink is not None
        if data:
            self._sink.write(data)

    def write_kept(self, lines: bytes | memoryview) -> None:
        """Write records that were kept, as JSON lines. Raises InputError, OutputError."""
        if lines and (unwritten := self._kept.write(lines)):
            self.counts.kept -= len(unwritten)
            self.refuse(unwritten)

    def write_dropped(self, lines: bytes | memoryview) -> None:
        """Write records that were dropped, where somebody wants them."""
        if lines and self._rejects is not None and (unwritten := self._rejects.write(lines)):
            self.counts.dropped -= len(unwritten)
            self.refuse(unwritten)

    def open_file(self, path: str | None, *, private: bool = False) -> None:
        """Add one more file to those that appear at the end, for `write_file` to fill.

        Called before the work, so that it is not lost to a path that cannot be written. `private`:
        nobody but its owner may read it.
        """
        if path is not None:
            self._files[path] = self._outputs.open(path, private=private)

    def open_records_file(self, path: str) -> None:
        """Add one more file of records, likewise, for `write_records_file` to fill."""
        self._record_files[path] = self._open_records(path)

    def write_records_file(self, path: str, lines: bytes) -> None:
        """Write records to a file that is open. Raises InputError for what it cannot hold."""
        if unwritten := self._record_files[path].write(lines):
            raise InputError(str(unwritten[0]))

    def write_file(self, path: str, data: bytes) -> None:
        """Write a file that is open."""
        self._files[path].write(data)

    def open_folder(self, path: str, replaces: Callable[[str], bool]) -> str:
        """Add a folder, to be filled, to what appears at the end; see `Outputs.open_folder`."""
        return self._outputs.open_folder(path, replaces)

    def write_records(
        self, items: Iterable[tuple[SourceLine, bytes] | BadRecord], noun: str
    ) -> None:
        """Write records that were made rather than selected: where each is from, and its line."""
        for _ in self.good(map(self._written, items), noun):
            pass
        self.report(noun, {})

    def _written(self, item: tuple[SourceLine, bytes] | BadRecord) -> BadRecord | None:
        """Write a record, or say why not."""
        if isinstance(item, BadRecord):
            return item
        place, line = item
        try:
            self._kept.write_line(line)
        except ValueError as refusal:
            return place.bad(refusal)
        return None

    def good(self, items: Iterable[Item | BadRecord], noun: str) -> Iterator[Item]:
        """Yield all that are not bad records, which are dealt with on the way."""
        with Progress(noun, self.inputs.size, quiet=self.settings.quiet) as progress:
            for item in items:
                self.counts.read += 1
                if isinstance(item, BadRecord):
                    self.refuse([item])
                else:
                    self.counts.kept += 1
                    yield item
                if self.counts.read % _BATCH_RECORDS == 0:
                    progress.update(self.inputs.meter.bytes_read, self.counts.read)
        self._check()

    def texts(
        self,
        noun: str,
        normalization: Normalization | None = None,
        *,
        beside: Mapping[Column, Callable[[list[Any]], None]] | None = None,
    ) -> Iterator[Sequence[str]]:
        """Yield the texts of each block; bad records are dealt with on the way.

        `beside`: other columns, and what is told their values of a block before its texts come.
        """
        others = beside or {}
        columns = [Column.text(self.settings.text_field), *others]
        for texts, *values in self.columns(self.inputs, columns, noun):
            for tell, own in zip(others.values(), values, strict=True):
                tell(own)
            yield texts if normalization is None else normalization.each(texts)
        self._check()

    def columns(
        self, inputs: Inputs, columns: Sequence[Column], noun: str
    ) -> Iterator[list[list[Any]]]:
        """Yield the values in each block of some files; bad records are dealt with on the way."""
        with Progress(noun, inputs.size, quiet=self.settings.quiet) as progress:
            for block in inputs.blocks():
                found = records.read(block, columns, stop_at_first=self.stops_at_first)
                self.counts.read += len(found.lines) + len(found.bad)
                self.counts.kept += len(found.lines)
                self.refuse(found.bad)
                yield found.columns
                progress.update(inputs.meter.bytes_read, self.counts.read)

    @property
    def collects_bad(self) -> bool:
        """Whether bad records are collected somewhere."""
        return self.settings.on_error not in (FAIL, SKIP)

    @property
    def stops_at_first(self) -> bool:
        """Whether the first bad record ends the run."""
        return self.settings.on_error == FAIL

    def refuse(self, bad: Sequence[BadRecord]) -> None:
        """Count bad records, and collect them where that is asked for. Raises InputError."""
        if bad and self.stops_at_first:
            raise InputError(str(bad[0]))
        self.counts.errors += len(bad)
        if self._bad is not None:
            self._bad.write(b"".join(record.as_json() for record in bad))

    def _check(self) -> None:
        self.counts.check()
        self.require(self.counts.kept, "look at what is read")

    def require(self, kept: int, remedy: str) -> None:
        """Raise RequirementError if that is fewer records than the caller accepts."""
        settings = self.settings
        if self.counts.errors == self.counts.read > 0:
            remedy = "all of them are bad; correct them"
        if kept == 0 and not settings.allow_empty:
            raise RequirementError(
                f"nothing was kept of {self.counts.read:,} records; "
                f"{remedy}, or accept it with --allow-empty"
            )
        if kept < settings.min_records:
            raise RequirementError(
                f"kept {kept:,} of {self.counts.read:,} records, "
                f"fewer than --min-records {settings.min_records:,}"
            )

    def _input_digests(self) -> dict[str, str]:
        """SHA-256 of each file that was read."""
        return self.inputs.meter.digests()

    def report(self, command: str, facts: dict[str, Any], /, **more: Any) -> None:
        """Write the report, if it is asked for: what every one has, and `more`.

        `facts` go into the signature.
        """
        if self._report is None:
            return
        settings = asdict(self.settings)
        del settings["given"], settings["layout"], settings["target"]
        report = {
            "command": command,
            "signature": signature(command, {**facts, "seed": self.settings.seed}),
            "versions": versions(),
            "options": {**settings, **self.facts},
            "inputs": self._input_digests(),
            "counts": asdict(self.counts),
            "warnings": self.warnings,
            **more,
        }
        from dataselect.execution.run_report import written  # is not needed to show help

        self._report.write(written(report))

"""Where JSON lines go, and leave in a format."""

from __future__ import annotations

from collections.abc import Sequence

from dataselect.data.formats import JSONL, Format, Layout, named, of_output
from dataselect.data.output_files import Outputs
from dataselect.data.records import BadRecord
from dataselect.errors import OptionError, OutputError


class RecordOutput:
    """An output of records, or the files of one; they are written as their format has it."""

    def __init__(
        self,
        outputs: Outputs,
        path: str,
        *,
        target: str | None = None,
        layout: Layout | None = None,
    ) -> None:
        """`target`: the name of a format; else the suffix tells it. Raises OptionError."""
        given = None if target is None else named(target, "--to")
        self._path, self._format = path, of_output(path, given)
        self._writers = self._format.writer(layout or Layout()) if self._format != JSONL else []
        self._records = 0
        self._sinks = [outputs.open_as_named(each) for each in _paths(path, self._format)]
        if self._writers:
            outputs.at_end(self._finish)

    def write(self, lines: bytes | memoryview) -> Sequence[BadRecord]:
        """Write whole lines; the records that the format cannot hold are returned."""
        if not self._writers:
            self._sinks[0].write(lines)
            return ()
        pieces: list[list[bytes]] = []
        refused = []
        for line in bytes(lines).split(b"\n")[:-1]:
            try:
                pieces.append(self._piece(line))
            except ValueError as refusal:
                refused.append(BadRecord(self._path, self._records, line, str(refusal)))
        for sink, piece in zip(self._sinks, zip(*pieces, strict=True), strict=False):
            sink.write(b"".join(piece))
        return refused

    def write_line(self, line: bytes) -> None:
        """Write one record, a line without line feed. Raises ValueError where that is refused."""
        for sink, piece in zip(self._sinks, self._piece(line), strict=True):
            sink.write(piece)

    def _piece(self, line: bytes) -> list[bytes]:
        """What a record adds to each file."""
        if not self._writers:
            return [line + b"\n"]
        self._records += 1
        return [writer.write_line(line) for writer in self._writers]

    def _finish(self) -> None:
        for sink, writer in zip(self._sinks, self._writers, strict=True):
            try:
                end = writer.finish()
            except ValueError as refusal:
                raise OutputError(f"{self._path}: {refusal}") from None
            if end:
                sink.write(end)


def _paths(path: str, format_: Format) -> list[str]:
    """The files that an output stands for: with commas between them where a format has several."""
    several = len(format_.writers)
    if several == 1:
        return [path]
    paths = path.split(",")
    if len(paths) != several or not all(paths):
        raise OptionError(
            f"{format_.name} is {several} files; name them with a comma between: --output "
            f"{','.join(['FILE'] * several)}"
        )
    return paths

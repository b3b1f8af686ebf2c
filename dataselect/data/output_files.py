"""The outputs of a run: all of its files appear at the end, together, or none does."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from typing import TypeAlias

from dataselect.data.files import compression, temporary_files
from dataselect.data.files.sinks import STDOUT, Folder, Sink, status_of, unwritable
from dataselect.errors import OptionError, ReaderGone

_Identity: TypeAlias = tuple[int, int] | tuple[str]


class Outputs:
    r"""All the files of one run: they are committed together, after everything has worked.

    >>> with Outputs({}) as outputs:
    ...     outputs.open("/dev/null").write(b"a line\n")
    """

    def __init__(self, inputs: Mapping[_Identity, str]) -> None:
        """`inputs`: device and inode of each file that is read, none of which may be written."""
        self._inputs = inputs
        self._sinks: list[Sink | Folder] = []
        self._endings: list[Callable[[], None]] = []
        self._taken: dict[_Identity, str] = {}

    def open(self, path: str, *, private: bool = False) -> Sink:
        """Open one output. Raises OptionError if it is also an input or another output.

        And for a name that promises what is never written. `private`: see `Sink`.
        """
        compression.refuse_unwritten(path)
        return self.open_as_named(path, private=private)

    def at_end(self, write_end: Callable[[], None]) -> None:
        """Call a function that writes the ends of outputs, when everything else has worked."""
        self._endings.append(write_end)

    def open_as_named(self, path: str, *, private: bool = False) -> Sink:
        """Open one output whose format is that of its name. Raises OptionError as `open`."""
        keys = _identities(path)
        shown = "standard output" if path == STDOUT else path
        for other in keys & self._taken.keys():
            raise OptionError(
                f"{shown} is given for two outputs ({self._taken[other]}); give each its own file"
            )
        for read in keys & self._inputs.keys():
            raise OptionError(f"{shown} is also read ({self._inputs[read]}); write to another file")
        sink = Sink(path, self._end_if_nobody_reads, private=private)
        self._sinks.append(sink)
        self._taken |= dict.fromkeys(keys, shown)
        return sink

    def open_folder(self, path: str, replaces: Callable[[str], bool]) -> str:
        """A folder to fill, which is called `path` at the end; `replaces(path)`: if it may be lost.

        Raises OptionError if something in it is read, OutputError for any other that is there.
        """
        final = os.path.join(os.path.realpath(path), "")
        for read in self._inputs.values():
            if os.path.realpath(read).startswith(final):
                raise OptionError(
                    f"{path} is written anew, and {read} is read; name another folder"
                )
        folder = Folder(path, replaces)
        self._sinks.append(folder)
        return folder.temporary

    def _end_if_nobody_reads(self) -> None:
        """Raise ReaderGone, unless there is a file or another pipe to go on for."""
        if all(sink.gone for sink in self._sinks):
            raise ReaderGone

    def check(self) -> None:
        """Raise OutputError if a folder has gone, or may not be written to, since it was opened."""
        for sink in self._sinks:
            for each in sink.renames():
                try:
                    os.lstat(each.temporary)
                    if not os.access(os.path.dirname(each.final), os.W_OK):
                        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
                except OSError as error:
                    raise unwritable(each.shown, error) from None

    def commit(self) -> None:
        """Finish all outputs, then rename them into place: all of them or, on an error, none."""
        for write_end in self._endings:
            write_end()
        files = [sink for sink in self._sinks if sink.renames()]
        for sink in files:
            sink.finish()
        self.check()
        for sink in self._sinks:  # what has gone down a pipe cannot be taken back: last
            if sink not in files:
                sink.finish()
        try:
            temporary_files.rename_all([each for sink in files for each in sink.renames()])
        except temporary_files.RenameError as error:
            raise unwritable(error.shown, error.cause) from None
        for sink in files:
            sink.is_committed()

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            for sink in self._sinks:
                sink.discard()


def _identities(path: str) -> set[_Identity]:
    """What tells two outputs apart: names of files, device and inode of what is there.

    A character device has none: `/dev/null` may be given twice.
    """
    status = status_of(path)
    if status is None:
        return {(os.path.realpath(path),)}
    return set() if stat.S_ISCHR(status.st_mode) else {(status.st_dev, status.st_ino)}

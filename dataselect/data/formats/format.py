"""What the table of formats says of each one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias, cast

from dataselect.data.formats.lines import Item, Layout
from dataselect.data.formats.writers import RecordWriter
from dataselect.data.input_files import Inputs
from dataselect.errors import OptionError

_PACKAGES = {"yaml": "pyyaml"}
"""What pip calls a package, where that is not how it is imported."""
Reader: TypeAlias = Callable[[Inputs, Layout], Iterator[Item]]
WriterOf: TypeAlias = Callable[[Layout], RecordWriter]


@dataclass(frozen=True)
class Format:
    """A file format. Its functions are named `module:function`, and imported when they are used.

    `reader(inputs, layout)`: the records of one set of files, bad ones in their places; a set has
    so many `files`, or those that `folder(path)` lists of a folder, none if it is of another
    format. `writers`: what makes the writer of each file that is written, none where it is only
    read. All files that end in one of `suffixes` are of this format, and of those that end in one
    of `shared_suffixes` those whose first bytes `recognizer(first)` accepts; `by_content`: so are
    files of unknown suffixes. `takes_columns`, `takes_list_size`, `takes_values`: whether a layout
    may name columns, say how long lists are, have a table of slot values. `needs`: a package, by
    the name that it is imported by.
    """

    name: str
    reader: str
    writers: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    shared_suffixes: tuple[str, ...] = ()
    recognizer: str | None = None
    by_content: bool = False
    takes_columns: bool = False
    takes_list_size: bool = False
    takes_values: bool = False
    folder: str | None = None
    files: int = 1
    needs: str | None = None

    def read(self, inputs: Inputs, layout: Layout) -> Iterator[Item]:
        """The records of one set of files. Raises InputError, OptionError."""
        if len(inputs.paths) != self.files and self.files > 1:
            raise OptionError(
                f"{self.name} is {self.files} files that belong together; {len(inputs.paths)} given"
            )
        self.check_installed()
        return cast("Reader", _function(self.reader))(inputs, layout)

    def writer(self, layout: Layout) -> list[RecordWriter]:
        """A writer for each file that is written. Raises OptionError."""
        self.check_installed()
        return [cast("WriterOf", _function(each))(layout) for each in self.writers]

    def recognizes(self, first: bytes) -> bool:
        """Whether a file that begins so is of this format."""
        return self.recognizer is not None and bool(_function(self.recognizer)(first))

    def files_of(self, folder: str) -> Sequence[str]:
        """The files of a folder to read, none if it is of another format."""
        return [] if self.folder is None else cast("list[str]", _function(self.folder)(folder))

    def check_installed(self) -> None:
        """Raise OptionError where a package is missing."""
        if self.needs is not None and find_spec(self.needs) is None:
            package = _PACKAGES.get(self.needs, self.needs)
            raise OptionError(f"{self.name} needs {package}; pip install {package}")


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"{__package__}.{module}"), function)
    return found

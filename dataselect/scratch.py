"""Temporary files without a name: gone when closed, however the process ends."""

import tempfile
from typing import BinaryIO

from dataselect.errors import OutputError


class Scratch:
    """Room on disk for `purpose`, as messages call it; `file` is unbuffered, to read from."""

    def __init__(self, purpose: str) -> None:
        """Raise OutputError where no folder for temporary files can be written."""
        self._purpose = purpose
        try:
            # Closed by its owner, or with it.
            self.file: BinaryIO = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise self._error(error) from None

    def write(self, data: bytes) -> None:
        """Append all of `data`. Raises OutputError when the disk is full."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self.file.write(rest) :]
        except OSError as error:
            raise self._error(error) from None

    def _error(self, error: OSError) -> OutputError:
        why = error.strerror or str(error)
        folder = tempfile.tempdir or "TMPDIR"
        return OutputError(f"{folder}: {why} while {self._purpose}; set TMPDIR to a larger disk")

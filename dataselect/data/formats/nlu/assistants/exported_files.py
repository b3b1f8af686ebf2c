"""The JSON files of an assistant's export: in a folder, in a zip archive, or one by itself."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator

from dataselect.data.files.line_blocks import spelled_bytes
from dataselect.data.files.raw_files import display
from dataselect.data.formats.lines import SourceLine, whole_file
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

ZIP = b"PK\x03\x04"


def exported_files(inputs: Inputs, members: re.Pattern[str]) -> Iterator[tuple[str, SourceLine]]:
    """Each file with its path; of archives the `members` of such names, below its own path.

    Raises InputError for a damaged archive, and for what is longer than a line may be.
    """
    inputs.keep_for_rereading()
    for path, blocks in zip(inputs.paths, inputs.by_file(), strict=True):
        if inputs.first_bytes(path, len(ZIP)) == ZIP:
            yield from _members(inputs, path, members)
        elif (file := whole_file(blocks, inputs.longest)) is not None:
            yield path, file


def _members(
    inputs: Inputs, path: str, wanted: re.Pattern[str]
) -> Iterator[tuple[str, SourceLine]]:
    shown = display(path)
    try:
        with inputs.open(path) as raw, zipfile.ZipFile(raw) as archive:
            for member in sorted(archive.infolist(), key=lambda member: member.filename):
                if wanted.fullmatch(member.filename) is None:
                    continue
                name = f"{shown}/{member.filename}"
                with archive.open(member) as file:
                    data = file.read(inputs.longest + 1)
                if len(data) > inputs.longest:
                    raise InputError(
                        f"{name}: longer than {spelled_bytes(inputs.longest)}; raise that with "
                        "--max-line, or unpack the archive"
                    )
                yield name, SourceLine(name, 1, data)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError(f"{shown}: no zip archive that can be read ({error})") from None

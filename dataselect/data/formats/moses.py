"""Moses bitext: two files, the source language and the target language, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled, in_step
from dataselect.data.input_files import Inputs
from dataselect.errors import OptionError


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `src`, `tgt` for each pair of lines. Raises InputError for unequal lengths."""
    if len(inputs.paths) != 2:
        raise OptionError(f"moses reads two files, source then target; {len(inputs.paths)} given")
    return _pairs(in_step(inputs, "give files that correspond line by line"))


def _pairs(found: Iterator[tuple[SourceLine, ...]]) -> Iterator[Item]:
    for pair in found:
        fields = {}
        for name, line in zip(("src", "tgt"), pair, strict=True):
            try:
                fields[name] = filled(line.text(), "the line")
            except ValueError as refusal:
                yield line.bad(refusal)
                break
        else:
            yield Found(pair[0], fields)

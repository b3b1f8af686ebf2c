"""Annotated records with the names that others refer to them by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from dataselect.data import records
from dataselect.data.annotations import Utterance
from dataselect.data.fields import POSITION, Column
from dataselect.data.files.line_blocks import numbered
from dataselect.data.formats.lines import SourceLine
from dataselect.data.input_files import Inputs
from dataselect.data.records import BadRecord


class AnnotatedRecord(NamedTuple):
    """An utterance, where it is from, and who said it, if anybody asks."""

    utterance: Utterance
    place: SourceLine
    speaker: str = ""

    @property
    def name(self) -> Any:
        """Its id, any JSON value; FILE:LINE where it has none."""
        own = self.utterance.id
        return f"{self.place.source}:{self.place.number}" if own is None else own


def read_records(
    inputs: Inputs, column: Column, speaker: Column | None = None
) -> tuple[list[AnnotatedRecord], list[BadRecord]]:
    """The good records of an `annotation` column, with their speakers, and the bad ones."""
    good: list[AnnotatedRecord] = []
    bad: list[BadRecord] = []
    for block in numbered(inputs.blocks()):
        found = records.read(block, [column, POSITION, *([] if speaker is None else [speaker])])
        bad += found.bad
        lines = [number for number, line in block.numbered_lines() if line.strip()]
        for utterance, position, *who in zip(*found.columns, strict=True):
            number = lines[position - block.first_record]
            good.append(AnnotatedRecord(utterance, SourceLine(block.source, number, b""), *who))
    return good, bad


def unplaced(utterances: Iterable[Utterance]) -> list[AnnotatedRecord]:
    """Utterances that are from no file, named by their numbers."""
    return [
        AnnotatedRecord(each, SourceLine("utterances", number, b""))
        for number, each in enumerate(utterances, start=1)
    ]

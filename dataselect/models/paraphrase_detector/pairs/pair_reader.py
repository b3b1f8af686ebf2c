"""Training pairs from records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from dataselect.data import records
from dataselect.data.annotations import annotation
from dataselect.data.fields import Column
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import REMEDY
from dataselect.data.records import BadRecord
from dataselect.models.paraphrase_detector.pairs.generation import TrainingPair


def columns(text1_field: str, text2_field: str, label_field: str) -> list[Column]:
    """What makes a pair: two texts with slots, if there are any, a label, a kind."""
    sides = [
        replace(
            annotation(field, f"intent{number}", f"slots{number}", requires_intent=False),
            option=f"--text{number}-field",
        )
        for number, field in enumerate((text1_field, text2_field), start=1)
    ]
    return [*sides, label_column(label_field), Column.optional("kind")]


def label_column(field: str = "label") -> Column:
    """Whether a pair is one of paraphrases: 1 or 0."""
    return Column(field, _check_label, lambda _: False, "--label-field")


def _check_label(value: Any) -> int:
    if isinstance(value, bool) or value not in (0, 1):
        raise ValueError(f"is neither 0 nor 1; {REMEDY}")
    return int(value)


def pairs(
    inputs: Inputs, found_in: Sequence[Column], *, stop_at_first: bool = False
) -> Iterator[TrainingPair | BadRecord]:
    """Every record as a pair, or a bad record; `found_in` are those of `columns`."""
    for block in inputs.blocks():
        found = records.read(block, found_in, stop_at_first=stop_at_first)
        for one, other, label, kind in zip(*found.columns, strict=True):
            yield TrainingPair(one, other, label, kind if isinstance(kind, str) else "")
        yield from found.bad


def read_pairs(inputs: Inputs, found_in: Sequence[Column]) -> list[TrainingPair]:
    """All pairs. Raises InputError at the first bad record."""
    return records.all_good(pairs(inputs, found_in, stop_at_first=True))

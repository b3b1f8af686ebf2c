"""Offsets that count something else than characters: bytes, UTF-16 units, words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from dataselect.operations.check.checked_corpus import CheckedCorpus

_STRENGTH = 0.95


def _find(corpus: CheckedCorpus) -> Iterator[Finding]:
    for place, record in enumerate(corpus.records):
        if record.unit is not None:
            yield Finding(
                place,
                _STRENGTH,
                f"the offsets of its slots count {record.unit}, not characters",
                slots=record.slots,
            )


RULE = Rule("offset_unit", "stable", ("slots",), _find)

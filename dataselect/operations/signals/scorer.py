"""Signals of records: error rates between fields, agreement, speaking rates, repetition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, starmap
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import orjson
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from dataselect.data.fields import Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.errors import OptionError
from dataselect.execution.scorer import Scorer, Scores
from dataselect.models.metrics.error_rate import Cer, Wer
from dataselect.models.normalization import Normalization
from dataselect.models.unicode_scripts import check_scripts, script_share
from dataselect.operations.signals.columns import duration, hypotheses, text_of
from dataselect.operations.signals.flags import Flag, check_signal
from dataselect.operations.signals.repetition import character_runs, word_runs
from dataselect.selection.ranking import DIRECTIONS
from dataselect.selection.reasons import Reason

if TYPE_CHECKING:
    from dataselect.selection.ranking import Direction

SIGNALS = "signals"
_WER, _CER, _AGREEMENT, _OUTSIDE = "wer", "cer", "agreement", "outside_script"
_RATES = ("words_per_second", "chars_per_second")
_ALWAYS = ("unique_word_ratio", "longest_word_run", "longest_character_run", "longest_word")

_Values = dict[str, NDArray[np.float64] | NDArray[np.int64]]


@dataclass(frozen=True)
class SignalScorer(Scorer):
    """Adds `signals`, an object with the numbers that there are data for.

    Of the text always: unique words over words, the most times that the same words and the same
    characters stand in a row, and the characters of the longest word. With `reference_field`, WER
    and CER as fractions; with `duration_field`, rates; with `agreement_fields`, one n-best list or
    several texts, 1 less the mean edits of two of them over the characters of the longer; with
    `script`, the share of letters of others. `flags`: those that hold are listed, and leave a
    record out if `drop_flagged`. `by` is the signal that records are selected by.

    >>> scorer = SignalScorer(text_field="pred_text", reference_field="text")
    >>> scorer.score([["play jazz jazz"], ["play jazz"]]).values
    array([0.55555556])

    Raises OptionError.
    """

    noun: ClassVar[str] = SIGNALS
    may_add: ClassVar[tuple[str, ...]] = (SIGNALS,)
    adds: ClassVar[tuple[str, ...]] = (SIGNALS,)  # type: ignore[misc]  # of all its options

    text_field: str = "text"
    reference_field: str | None = None
    duration_field: str | None = None
    agreement_fields: tuple[str, ...] = ()
    script: str | None = None
    normalization: Normalization = field(default_factory=Normalization)
    flags: tuple[Flag, ...] = ()
    drop_flagged: bool = False
    by: str | None = None

    def __post_init__(self) -> None:
        if self.script is not None:
            check_scripts("--script", self.script)
        if self.by is not None:
            check_signal("--by", self.by, self.names)
        for flag in self.flags:
            check_signal("--flag", flag.signal, self.names)
        if self.drop_flagged and not self.flags:
            raise OptionError("--drop-flagged leaves out what a --flag holds for; give one")

    @property
    def names(self) -> tuple[str, ...]:
        """The signals that there are data for; the first is ranked by where `by` is not given."""
        return (
            *((_CER, _WER) if self.reference_field is not None else ()),
            *((_AGREEMENT,) if self.agreement_fields else ()),
            *(_RATES if self.duration_field is not None else ()),
            *_ALWAYS,
            *((_OUTSIDE,) if self.script is not None else ()),
        )

    @property
    def measure(self) -> str:
        """The signal that records are ranked by."""
        return self.by or self.names[0]

    @property
    def score_field(self) -> str:
        """The signal among the others."""
        return f"{SIGNALS}.{self.measure}"

    @property
    def direction(self) -> Direction:  # type: ignore[override]  # known once the signal is
        """Which end of the signal is the good one."""
        return DIRECTIONS[self.score_field]

    @property
    def exclusions(self) -> tuple[Reason, ...]:  # type: ignore[override]  # as above
        """The flags, where they leave records out."""
        flags = self.flags if self.drop_flagged else ()
        return tuple(Reason("flagged", "--flag", str(flag)) for flag in flags)

    @property
    def columns(self) -> Sequence[Column]:
        """The text, and what else signals are computed from."""
        found = [Column.hypothesis(self.text_field)]
        if self.reference_field is not None:
            found.append(Column.reference(self.reference_field))
        if self.duration_field is not None:
            found.append(duration(self.duration_field))
        if len(self.agreement_fields) == 1:
            return [*found, hypotheses(self.agreement_fields[0])]
        return [*found, *(Column.hypothesis(path, "--agreement-fields") for path in self._further)]

    @property
    def _further(self) -> list[str]:
        """The texts that are compared for agreement and not read for something else."""
        return [
            path
            for path in self.agreement_fields
            if path not in (self.text_field, self.reference_field)
        ]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        """Compute the signals of a batch."""
        values = self._values(columns)
        holding = [(str(flag), flag.holds(values[flag.signal])) for flag in self.flags]
        excluded = None
        if self.drop_flagged:
            excluded = np.zeros(len(columns[0]), np.uint8)
            for code, (_, holds) in reversed(list(enumerate(holding, start=1))):
                excluded[holds] = code
        fields: Fields = {SIGNALS: self._encoded(values, holding, len(columns[0]))}
        return Scores(values[self.measure].astype(np.float64), fields, excluded)

    def _encoded(
        self, values: _Values, holding: Sequence[tuple[str, NDArray[np.bool_]]], count: int
    ) -> list[bytes]:
        """(n,) the JSON objects."""
        names = self.names
        rows = zip(*[values[name].tolist() for name in names], strict=True)
        found: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
        if self.flags:
            for place, own in enumerate(found):
                own["flags"] = [spelled for spelled, holds in holding if holds[place]]
        return list(map(orjson.dumps, found))

    def _values(self, columns: Sequence[list[Any]]) -> _Values:
        """Each signal, (n,)."""
        given, *others = columns
        known = {self.text_field: given}
        texts = self.normalization.each(given)
        words = list(map(_split, texts))
        sizes = np.fromiter(map(len, words), np.int64, len(words))
        values: _Values = {
            "unique_word_ratio": _unique(words) / np.maximum(sizes, 1) + (sizes == 0),
            "longest_word_run": word_runs(words),
            "longest_character_run": character_runs(texts),
            "longest_word": _longest(words),
        }
        if self.script is not None:
            values[_OUTSIDE] = 1 - script_share(texts, self.script)
        if self.reference_field is not None:
            references = known[self.reference_field] = others.pop(0)
            true = self.normalization.each(references)
            values[_CER], values[_WER] = Cer().rates(texts, true), Wer().rates(texts, true)
        if self.duration_field is not None:
            seconds = np.array(others.pop(0), np.float64)
            lengths = np.fromiter((len(text.strip()) for text in texts), np.int64, len(texts))
            values |= zip(_RATES, (sizes / seconds, lengths / seconds), strict=True)
        if self.agreement_fields:
            if len(self.agreement_fields) == 1:
                lists = [[text_of(each) for each in own] for own in others[0]]
            else:
                known |= zip(self._further, others, strict=True)
                compared = [known[path] for path in self.agreement_fields]
                lists = list(map(list, zip(*compared, strict=True)))
            values[_AGREEMENT] = self._agreement(lists)
        return values

    def _agreement(self, lists: Sequence[list[str]]) -> NDArray[np.float64]:
        """(n,) the mean similarity of two hypotheses of a list; 1 where there is only one."""
        normalized = (self.normalization.each(own) for own in lists)
        return np.fromiter(map(_similarity, normalized), np.float64, len(lists))

    def describe(self) -> dict[str, Any]:
        """Which signals, of which fields, and the flags."""
        return {
            "signature": {"norm": str(self.normalization), "by": self.measure},
            "signals": list(self.names),
            "flags": [str(flag) for flag in self.flags],
            "drop_flagged": self.drop_flagged,
            "normalization": str(self.normalization),
            "script": self.script,
        }


_LONG = 1 << 20  # characters


def _split(text: str) -> list[str]:
    """The words of a text; of a long one, each distinct word is held once."""
    if len(text) <= _LONG:
        return text.split()
    known: dict[str, str] = {}
    found: list[str] = []
    start = 0
    while start < len(text):
        end = text.find(" ", start + _LONG)
        end = len(text) if end < 0 else end
        found += [known.setdefault(word, word) for word in text[start:end].split()]
        start = end
    return found


def _unique(words: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """(n,) how many different words a text has."""
    return np.fromiter((len(set(own)) for own in words), np.int64, len(words))


def _longest(words: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """(n,) characters of the longest word."""
    return np.fromiter((max(map(len, own), default=0) for own in words), np.int64, len(words))


def _similarity(texts: Sequence[str]) -> float:
    """The mean over all pairs of 1 less their edits over the characters of the longer."""
    pairs = list(starmap(Levenshtein.normalized_similarity, combinations(map(str.strip, texts), 2)))
    return sum(pairs) / len(pairs) if pairs else 1.0

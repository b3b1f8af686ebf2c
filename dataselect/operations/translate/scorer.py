"""Translations of records: the n-best list of each text, with its slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import orjson

from dataselect.data.annotations import Utterance, annotation
from dataselect.data.fields import Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.execution.scorer import Scorer, Scores
from dataselect.models.translator.slot_projection import project
from dataselect.models.translator.translator import ScoredTranslation, Translator
from dataselect.models.translator.word_aligner import WordAligner

NBEST, TRANSLATION = "nbest", "translation"
_BLOCK_RECORDS = 512  # enough that most batches of texts of one length are full
_CUT = (
    "have a text longer than the model reads, whose end is not translated: 'translation.cut' tells "
    "which; split them"
)
_UNALIGNED = "have slots, which their translations do not get; give --align-on PAIRS"
_REPLACED = f"had another '{NBEST}', which is replaced; rename that field to keep it"


class TranslateScorer(Scorer):
    """The n-best list of each text, and of its first hypothesis the score, high for sure ones.

    With an `aligner`, hypotheses of records that have slots get theirs, and 'slots_confidence'.

    >>> scorer = TranslateScorer(Translator("opus-mt-de-en", nbest=10))
    >>> select_file("de.jsonl", scorer, output="nbest.jsonl")  # doctest: +SKIP
    """

    noun: ClassVar[str] = "translate"
    may_add: ClassVar[tuple[str, ...]] = (NBEST, TRANSLATION)
    adds: tuple[str, ...] = (NBEST, TRANSLATION)
    block_records: int | None = _BLOCK_RECORDS

    def __init__(
        self,
        translator: Translator,
        *,
        aligner: WordAligner | None = None,
        text_field: str = "text",
        slots_field: str = "slots",
    ) -> None:
        self.translator, self._aligner = translator, aligner
        self.text_field, self._slots_field = text_field, slots_field

    @property
    def parallel(self) -> bool:  # type: ignore[override]  # known once the device is
        """Whether several processes may each hold the model; not on a GPU."""
        return not self.translator.on_gpu

    @property
    def measure(self) -> str:
        return f"{TRANSLATION} score"

    @property
    def score_field(self) -> str:
        """The score of the first hypothesis, among what is known of it."""
        return f"{TRANSLATION}.score"

    @property
    def columns(self) -> Sequence[Column]:
        """The text, with its slots where they are to be carried along; what lists are there."""
        text = Column.text(self.text_field)
        earlier = [Column.optional(NBEST), Column.optional(TRANSLATION)]
        if self._aligner is None:
            return [text, *earlier, Column.optional(self._slots_field)]
        # Not named by an option a second time: what is wrong with the text, its own column says.
        same = replace(text, option="")
        return [
            text,
            *earlier,
            annotation(same, slots_field=self._slots_field, requires_intent=False),
        ]

    @property
    def compared(self) -> Sequence[Column]:
        """The text that is translated."""
        return self.columns[:1]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        texts, lists, earlier, annotated = columns
        found = self.translator.translate(texts)
        if self._aligner is None:
            objects = [[each._asdict() for each in own.hypotheses] for own in found]
        else:
            objects = [
                [_with_slots(self._aligner, utterance, each) for each in own.hypotheses]
                for utterance, own in zip(annotated, found, strict=True)
            ]
        firsts = [
            own[0] | ({"cut": True} if translation.cut else {})
            for own, translation in zip(objects, found, strict=True)
        ]
        fields: Fields = {
            NBEST: list(map(orjson.dumps, objects)),
            TRANSLATION: list(map(orjson.dumps, firsts)),
        }
        given = zip(lists, earlier, strict=True)
        counted = {
            _CUT: sum(translation.cut for translation in found),
            _REPLACED: sum(own is not None and before is None for own, before in given),
            _UNALIGNED: sum(map(bool, annotated)) if self._aligner is None else 0,
        }
        remarks = tuple((what, count) for what, count in counted.items() if count)
        values = np.array([own["score"] for own in firsts], np.float64)
        return Scores(values, fields, None, remarks)

    def describe(self) -> dict[str, Any]:
        described = self.translator.describe()
        kept = {name: value for name, value in described.items() if name not in ("model", "sha256")}
        return {"signature": {**kept, "model": described["sha256"][:12]}, **described}


def _with_slots(
    aligner: WordAligner, utterance: Utterance, hypothesis: ScoredTranslation
) -> dict[str, Any]:
    """A hypothesis as a record has it, with slots where the text has some."""
    found: dict[str, Any] = hypothesis._asdict()
    if utterance.slots:
        own = project(aligner, utterance.text, utterance.slots, hypothesis.text)
        found |= {
            "slots": [slot._asdict() for slot in own.slots],
            "slots_confidence": own.confidence,
        }
    return found

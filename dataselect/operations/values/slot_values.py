"""The table of slot values: counts, contexts, canonical forms, candidates for synonyms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.data.annotations import Utterance
from dataselect.errors import OptionError
from dataselect.models.ngrams.speakers import speakers_of
from dataselect.operations.values.annotated_values import AnnotatedValues, ValuesOfSlot
from dataselect.operations.values.slots_of_intents import slots_of_intents
from dataselect.operations.values.synonyms.encoded_values import encoded_values
from dataselect.operations.values.synonyms.synonym_scores import SynonymScores, synonym_scores

if TYPE_CHECKING:
    from dataselect.models.encoders.base import Encoder

CONTEXTS, SYNONYMS, MERGE, LEAST = 3, 5, 0.5, 0.1


class Synonym(NamedTuple):
    """A value that may mean the same, how probably, and why."""

    value: str
    score: float
    why: str


class SlotValues:
    """The values that slots have, which of them are synonyms, and which intents have which slots.

    `contexts`, `synonyms`: how many each value has in the table. Candidates under `min_score` are
    left out of it; a value takes the canonical form of a more frequent one at `merge` or more.
    With `min_speakers`, only values, and contexts of each, that so many speakers said are there.
    `encoder`: values that are near each other by its vectors are candidates, too, and how near they
    are counts.
    After `fit`: `rows_`, a dictionary a value, and `intents_`, one for each slot of an intent.

    >>> from dataselect.data.annotations import Slot, Utterance
    >>> texts = ["set it to five", "set it to 5", "turn it to five"]
    >>> spans = [Slot("level", text.rindex(" ") + 1, len(text), text.split()[-1]) for text in texts]
    >>> found = [Utterance(*each) for each in zip(texts, "abc", zip(spans))]
    >>> [(row["value"], row["canonical"]) for row in SlotValues().fit(found).rows_]
    [('five', 'five'), ('5', 'five')]
    """

    rows_: list[dict[str, Any]]
    intents_: list[dict[str, Any]]

    def __init__(
        self,
        *,
        contexts: int = CONTEXTS,
        synonyms: int = SYNONYMS,
        min_score: float = LEAST,
        merge: float = MERGE,
        min_speakers: int | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        """Raise OptionError for a probability that is none."""
        for name, value in ("--min-score", min_score), ("--merge", merge):
            if not 0 <= value <= 1:
                raise OptionError(f"{name} {value} is no probability; give 0 to 1")
        self.contexts, self.synonyms = contexts, synonyms
        self.min_score, self.merge = min_score, merge
        self.min_speakers, self.encoder = min_speakers, encoder

    def fit(
        self,
        utterances: Iterable[Utterance],
        *,
        speakers: Iterable[str] | None = None,
        report: Report = unreported,
    ) -> SlotValues:
        """Learn from annotated utterances. Returns self. Raises InputError, OptionError.

        `speakers`: who said each, read after the utterances; only with `min_speakers`.
        """
        annotated = AnnotatedValues.of(utterances)
        said_by = speakers_of(speakers, self.min_speakers)
        if said_by is not None:
            annotated = annotated.said_by_enough(said_by)
        self.intents_ = slots_of_intents(annotated)
        self.rows_ = []
        vectors = dict[str, NDArray[np.float32]]()
        if self.encoder is not None:
            advance = report("encoding", sum(map(len, annotated.slots.values())))
            for slot, values in annotated.slots.items():
                vectors[slot] = encoded_values(values.spelled(), self.encoder, advance)
        for slot, values in annotated.slots.items():
            scored = synonym_scores(annotated, slot, vectors.pop(slot, None))
            self.rows_ += self._rows(slot, values, scored)
        return self

    def warnings(self) -> list[str]:
        """What a person should know of the table."""
        if self.rows_:
            return []
        why = "no record has slots"
        if self.min_speakers is not None:
            why += f", or no value {self.min_speakers} different speakers"
        return [f"{why}; the table is empty"]

    def describe(self) -> dict[str, Any]:
        """Figures for the run report."""
        return {
            "slots": len({row["slot"] for row in self.rows_}),
            "values": len(self.rows_),
            "merged": sum(row["value"] != row["canonical"] for row in self.rows_),
            "min_score": self.min_score,
            "merge": self.merge,
            "min_speakers": self.min_speakers,
            "encoder": None if self.encoder is None else self.encoder.describe(),
        }

    def _rows(self, slot: str, values: ValuesOfSlot, scored: SynonymScores) -> list[dict[str, Any]]:
        """The rows of one slot: each canonical value with its synonyms below it."""
        spelled, counts = values.spelled(), np.array(values.counts())
        names = canonical_values(scored.pairs, scored.scores, counts, self.merge)
        order = np.lexsort(
            (np.arange(len(counts)), -counts, names != np.arange(len(names)), names, -counts[names])
        )
        candidates = self._candidates(scored, spelled)
        shown = _contexts(values, self.contexts)
        return [
            {
                "slot": slot,
                "value": spelled[place],
                "count": int(counts[place]),
                "canonical": spelled[names[place]],
                "synonyms": [each._asdict() for each in candidates.get(place, ())],
                "contexts": int(scored.distinct[place]),
                "examples": shown[place],
            }
            for place in order.tolist()
        ]

    def _candidates(
        self, scored: SynonymScores, spelled: Sequence[str]
    ) -> dict[int, list[Synonym]]:
        """The best candidates of each value that has any."""
        found: dict[int, list[Synonym]] = {}
        for place in np.argsort(-scored.scores, kind="stable").tolist():
            score = round(float(scored.scores[place]), 4)
            if score < self.min_score:
                break
            one, other = scored.pairs[place].tolist()
            for own, its in ((one, other), (other, one)):
                if len(found.setdefault(own, [])) < self.synonyms:
                    found[own].append(Synonym(spelled[its], score, scored.reasons[place]))
        return found


def canonical_values(
    pairs: NDArray[np.intp], scores: NDArray[np.float64], counts: NDArray[np.intp], least: float
) -> NDArray[np.intp]:
    """(n,) for each value the canonical one: itself, or one that is more frequent.

    The most frequent come first. A value joins the canonical value that it scores highest with, at
    `least` or more: never one that has joined another itself, so that there are no chains.
    """
    near: dict[int, list[tuple[float, int]]] = {}
    for (one, other), score in zip(pairs.tolist(), scores.tolist(), strict=True):
        if score >= least:
            near.setdefault(one, []).append((score, other))
            near.setdefault(other, []).append((score, one))
    names = np.arange(len(counts))
    rank = np.empty(len(counts), np.intp)
    order = np.argsort(-counts, kind="stable")
    rank[order] = np.arange(len(counts))
    for place in order.tolist():
        better = [
            (-score, int(rank[other]), other)
            for score, other in near.get(place, ())
            if rank[other] < rank[place] and names[other] == other
        ]
        if better:
            names[place] = min(better)[2]
    return names


def _contexts(values: ValuesOfSlot, most: int) -> list[list[str]]:
    """The most frequent contexts of each value; of equals, the first."""
    found = [Counter[str]() for _ in range(len(values))]
    for value, context in compress(zip(values.values, values.contexts, strict=True), values.shown):
        found[value][values.names[context]] += 1
    return [[name for name, _ in own.most_common(most)] for own in found]

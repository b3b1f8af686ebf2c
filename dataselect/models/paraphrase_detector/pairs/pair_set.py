"""The pairs of one split, written down, and what there is to say of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from dataselect.data.json_lines.json_values import encoded
from dataselect.models.paraphrase_detector.pairs.annotated_corpus import AnnotatedCorpus
from dataselect.models.paraphrase_detector.pairs.generation import make_pairs

_MOST_SLOTLESS = 0.5  # of the paraphrases
_NAMED = 3  # intents that a warning names


class PairSet:
    """Up to `size` pairs of a corpus, as lines of JSON; `name` begins their ids."""

    def __init__(
        self, name: str, corpus: AnnotatedCorpus, size: int, rng: np.random.Generator
    ) -> None:
        self.name, self.size = name, size
        self._corpus = corpus
        self._kinds: Counter[str] = Counter()
        self._paraphrases = dict.fromkeys(corpus.by_intent, 0)
        self._lines: list[bytes] = []
        for number, pair in enumerate(make_pairs(corpus, size, rng)):
            self._kinds[pair.kind] += 1
            self._paraphrases[pair.one.intent] += pair.label
            self._lines.append(encoded(pair.as_record(f"{name}-{number}")) + b"\n")

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def text(self) -> bytes:
        return b"".join(self._lines)

    def why_empty(self) -> str:
        """What a corpus lacks that gives no pair at all."""
        if self._corpus.has_alike():
            return "there is no other value, slot or intent to make negatives of"
        return "no intent has two templates with the same slots"

    def warnings(self) -> list[str]:
        """What fell short: pairs, or paraphrases of some intents."""
        found = []
        if len(self) < self.size:
            found.append(
                f"{self.name}: {len(self):,} pairs instead of {self.size:,}; the records give no "
                "more distinct ones"
            )
        slotless = self._kinds["slotless"]
        if slotless > sum(self._paraphrases.values()) * _MOST_SLOTLESS:
            found.append(
                f"{self.name}: {slotless:,} of {sum(self._paraphrases.values()):,} paraphrases are "
                "of utterances without slots: nothing in the words may tell that they say the "
                "same, and a detector learns worse; leave them out with --slotless exclude"
            )
        share = max(self._paraphrases.values(), default=0) - 1
        counts = sorted((count, str(intent)) for intent, count in self._paraphrases.items())
        short = [f"'{intent}' {count:,}" for count, intent in counts if count < share]
        if short:
            more = f" and {len(short) - _NAMED:,} more" if len(short) > _NAMED else ""
            found.append(
                f"{self.name}: {len(short):,} of {len(counts):,} intents give fewer paraphrases "
                f"than the rest: {', '.join(short[:_NAMED])}{more}"
            )
        return found

    def describe(self, train: AnnotatedCorpus) -> dict[str, Any]:
        """Figures for the report; `train`: the corpus that is trained on."""
        corpus = self._corpus
        return {
            "pairs": len(self),
            "kinds": dict(sorted(self._kinds.items())),
            "paraphrases": self._paraphrases,
            "utterances": sum(map(len, corpus.by_intent.values())),
            "values_in_train": corpus.share_of_values_in(train),
        }

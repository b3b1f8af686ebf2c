"""Train a slot tagger: annotated texts, then texts of a pool that it tagged itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dataselect.data.annotations import Slot
from dataselect.errors import InputError
from dataselect.models.cross_validation import folds
from dataselect.models.platt_scaling import PlattScaling
from dataselect.models.slot_tagger import crf_training, token_features
from dataselect.models.slot_tagger.gazetteers import Gazetteer, Value, value_of
from dataselect.models.slot_tagger.slot_tagger import (
    SlotTagger,
    covered,
    edges_of,
    known_features,
    segments,
)
from dataselect.models.slot_tagger.slot_tokens import Tokenizer
from dataselect.models.slot_tagger.token_features import FeatureColumns, TokenizedTexts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.console import Report


@dataclass(frozen=True)
class TaggedTexts:
    """Texts with the tags (t,) of their tokens, as `linear_chain.best_paths` has them."""

    batch: TokenizedTexts
    intents: list[str]
    tags: NDArray[np.intp]

    @classmethod
    def annotated(
        cls,
        texts: Sequence[str],
        intents: Sequence[str],
        slots: Sequence[Sequence[Slot]],
        names: Sequence[str],
        tokenizer: Tokenizer,
    ) -> TaggedTexts:
        """Of annotated texts: a slot whose edge is inside a token cuts it."""
        place = {name: number for number, name in enumerate(names)}
        each = [tokenizer(text, edges_of(own)) for text, own in zip(texts, slots, strict=True)]
        batch = TokenizedTexts.of(each)
        tags = np.zeros(len(batch.tokens), np.intp)
        for start, tokens, own in zip(batch.bounds.tolist(), each, slots, strict=False):
            for slot in own:
                inside = [start + at for at in covered(tokens, slot)]
                tags[inside] = 1 + len(names) + place[slot.slot]
                tags[inside[:1]] = 1 + place[slot.slot]
        return cls(batch, list(intents), tags)

    def values(self, names: Sequence[str]) -> list[set[Value]]:
        """The values of each text."""
        words = [word for own in self.batch.words() for word in own]
        found: list[set[Value]] = [set() for _ in self.intents]
        first, last, slot = segments(self.tags, self.batch.bounds, len(names))
        text_of = np.searchsorted(self.batch.bounds, first, side="right") - 1
        columns = (each.tolist() for each in (text_of, first, last, slot))
        for text, start, end, own in zip(*columns, strict=True):
            found[text].add(value_of(words[start : end + 1], names[own]))
        return found


def train(
    model: SlotTagger,
    texts: Sequence[str],
    intents: Sequence[str],
    slots: Sequence[Sequence[Slot]],
    pool: Sequence[str],
    pool_intents: Sequence[str],
    report: Report,
) -> None:
    """Set what a tagger learns from annotated texts, and from those of the pool.

    Raises InputError where no text has a slot.
    """
    names = sorted({slot.slot for own in slots for slot in own})
    if not names:
        raise InputError("no labelled record has slots to learn from; annotate some")
    crf_training.require_crfsuite()
    model.names_, model.intents_ = tuple(names), tuple(sorted(set(intents)))
    fold = folds(texts, np.random.default_rng(model.seed))
    held_out = np.unique(fold)
    if model.uncalibrated or len(held_out) < 2:
        held_out = held_out[:0]
    advance = report("tagging", crf_training.ITERATIONS * (1 + len(held_out)))
    model.tokenizer_ = Tokenizer.fit(texts, slots)
    known = TaggedTexts.annotated(texts, intents, slots, names, model.tokenizer_)
    model.slot_scaling_ = model.text_scaling_ = PlattScaling()
    learn(model, known, advance)
    model.figures_ = {"labelled_slots": sum(map(len, slots))}


def learn(model: SlotTagger, known: TaggedTexts, advance: Callable[[int], None]) -> None:
    """Set the weights, features and known values by tagged texts."""
    values = known.values(model.names_)
    model.gazetteer_ = Gazetteer.of(values)
    columns = FeatureColumns(grows=True)
    named = known_features(known.batch, known.intents, model.gazetteer_, values)
    rows = token_features.rows(known.batch, named, columns)
    chain = crf_training.fit(rows, known.batch.bounds, known.tags, len(model.names_), advance)
    used = np.flatnonzero(chain.weights.any(axis=1))
    spelled = list(columns.places)
    model.columns_ = FeatureColumns(spelled[column] for column in used.tolist())
    model.chain_ = chain._replace(weights=chain.weights[used])

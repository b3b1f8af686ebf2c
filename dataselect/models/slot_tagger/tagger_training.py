"""Train a slot tagger: annotated texts, and classes of the words of a pool."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from dataselect.data.annotations import Slot
from dataselect.data.sampling import sample_items
from dataselect.errors import InputError
from dataselect.models.cross_validation import folds
from dataselect.models.normalization import lowered
from dataselect.models.platt_scaling import PlattScaling, smoothed_targets
from dataselect.models.slot_tagger import crf_training, token_features
from dataselect.models.slot_tagger.gazetteers import Gazetteer, Value, value_of
from dataselect.models.slot_tagger.segments import covered, edges_of, log_odds, segments
from dataselect.models.slot_tagger.slot_tagger import SlotTagger
from dataselect.models.slot_tagger.slot_tokens import Tokenizer
from dataselect.models.slot_tagger.token_features import (
    FeatureColumns,
    TokenizedTexts,
    known_features,
)
from dataselect.models.slot_tagger.word_classes import word_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.console import Report


# Texts that are drawn of a pool. With all of the 23,600 that `relevance` kept of SNIPS, and the
# 3,100 of ATIS, 4 and 11 texts in a hundred fewer are wrong than with a stricter half of them.
POOL_SIZE = 50_000
_NO_TAGS = np.empty(0, np.intp)
# Of the scaling of confidence. Where all that is held out is right, nothing tells how steep it is.
_SLOPE_PENALTY, _LEAST_SLOPE = 1e-3, 0.5


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

    def subset(self, which: NDArray[np.intp]) -> TaggedTexts:
        """Some of the texts."""
        spans, ends = self.batch.spans(), self.batch.bounds
        tokens = [self.batch.tokens[slice(*spans[text])] for text in which.tolist()]
        tags = [self.tags[ends[text] : ends[text + 1]] for text in which.tolist()]
        intents = [self.intents[text] for text in which.tolist()]
        return TaggedTexts(TokenizedTexts.of(tokens), intents, np.concatenate([_NO_TAGS, *tags]))

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
    report: Report,
) -> None:
    """Set what a tagger learns from annotated texts, and of the words of a pool.

    Raises InputError where no text has a slot.
    """
    names = sorted({slot.slot for own in slots for slot in own})
    if not names:
        raise InputError("no labelled record has slots to learn from; annotate some")
    crf_training.require_crfsuite()
    model.names_, model.intents_ = tuple(names), tuple(sorted(set(intents)))
    model.slot_scaling_ = model.text_scaling_ = PlattScaling()
    model.tokenizer_ = Tokenizer.fit(texts, slots)
    known = TaggedTexts.annotated(texts, intents, slots, names, model.tokenizer_)
    fold = folds(texts, rng := np.random.default_rng(model.seed))
    held_out = 0 if model.uncalibrated else len(np.unique(fold))
    advance = report("learning slots", crf_training.ITERATIONS * (1 + held_out))
    pool = sample_items(pool, POOL_SIZE, rng)
    with threadpool_limits(1):  # sums come out the same however many cores there are
        model.classes_ = _classes(model.tokenizer_, known, pool, names, rng) if len(pool) else {}
        if held_out > 1:
            _calibrate(model, known, fold, advance)
        learn(model, known, advance)
    model.figures_ = {
        "labelled_slots": sum(map(len, slots)),
        "pool": len(pool),
        "word_classes": len(model.classes_),
        "calibrated": held_out > 1,
    }


def _classes(
    tokenizer: Tokenizer,
    known: TaggedTexts,
    pool: Sequence[str],
    names: Sequence[str],
    rng: np.random.Generator,
) -> dict[str, list[str]]:
    """Classes of the words of annotated texts and of the pool."""
    slots_of: dict[str, set[str]] = defaultdict(set)
    annotated = known.batch.words()
    for word, tag in zip(chain.from_iterable(annotated), known.tags.tolist(), strict=True):
        if tag:
            slots_of[word].add(names[(tag - 1) % len(names)])
    others = ([lowered(token.form) for token in tokenizer(text)] for text in pool)
    return word_classes(chain(annotated, others), slots_of, rng)


def learn(model: SlotTagger, known: TaggedTexts, advance: Callable[[int], None]) -> None:
    """Set the weights, features and known values by tagged texts."""
    values = known.values(model.names_)
    model.gazetteer_ = Gazetteer.of(values)
    columns = FeatureColumns(grows=True)
    named = known_features(known.batch, known.intents, model.gazetteer_, values)
    rows = token_features.rows(known.batch, named, model.classes_, columns)
    learnt = crf_training.fit(rows, known.batch.bounds, known.tags, len(model.names_), advance)
    used = np.flatnonzero(learnt.weights.any(axis=1))
    spelled = list(columns.places)
    model.columns_ = FeatureColumns(spelled[column] for column in used.tolist())
    model.chain_ = learnt._replace(weights=learnt.weights[used])


def _calibrate(
    model: SlotTagger, known: TaggedTexts, fold: NDArray[np.intp], advance: Callable[[int], None]
) -> None:
    """Learn how probable it is that a slot is right, and all of a text, from texts held out."""
    odds: tuple[list[Any], list[Any]] = [], []
    right: tuple[list[Any], list[Any]] = [], []
    for number in np.unique(fold).tolist():
        learn(model, known.subset(np.flatnonzero(fold != number)), advance)
        held_out = known.subset(np.flatnonzero(fold == number))
        tags, all_right, sums = model.best(held_out.batch, held_out.intents)
        bounds, slots = held_out.batch.bounds, len(model.names_)
        found = segments(tags, bounds, slots)
        true = set(zip(*segments(held_out.tags, bounds, slots), strict=True))
        odds[0].append(log_odds(sums.segment_probabilities(*found)))
        right[0].append([each in true for each in zip(*found, strict=True)])
        odds[1].append(log_odds(all_right))
        same = tags == held_out.tags
        right[1].append([bool(same[start:end].all()) for start, end in held_out.batch.spans()])
    model.slot_scaling_, model.text_scaling_ = (
        _scaling(np.concatenate(scores), np.concatenate(are_right).astype(bool))
        for scores, are_right in zip(odds, right, strict=True)
    )


def _scaling(odds: NDArray[np.float64], right: NDArray[np.bool_]) -> PlattScaling:
    """From log-odds to probabilities; as they come where there are none."""
    if not len(odds):
        return PlattScaling()
    targets = smoothed_targets(right)
    return PlattScaling.fit(odds, targets, penalty=_SLOPE_PENALTY, least_slope=_LEAST_SLOPE)

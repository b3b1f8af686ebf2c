"""A slot tagger as it is used and saved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.data.annotations import Slot
from dataselect.errors import InputError
from dataselect.models import archive
from dataselect.models.fitted_model import FittedModel
from dataselect.models.platt_scaling import PlattScaling
from dataselect.models.slot_tagger import token_features
from dataselect.models.slot_tagger.crf_training import Chain
from dataselect.models.slot_tagger.gazetteers import Gazetteer
from dataselect.models.slot_tagger.linear_chain import (
    ForwardBackward,
    best_paths,
    row_by_row,
)
from dataselect.models.slot_tagger.segments import (
    Tagged,
    TaggedSlot,
    covered,
    edges_of,
    log_odds,
    segments,
)
from dataselect.models.slot_tagger.slot_tokens import Token, Tokenizer
from dataselect.models.slot_tagger.tagger_document import parts, restore
from dataselect.models.slot_tagger.token_features import (
    FeatureColumns,
    TokenizedTexts,
    WordClasses,
    known_features,
)
from dataselect.models.text_sequences import as_texts

if TYPE_CHECKING:
    from dataselect.models.text_sequences import Texts

_FORMAT = archive.ArchiveFormat("slots", 1)
_DECIMALS = 6
_TEXTS_AT_ONCE = 2_048  # bounds the memory of sums; a text's slots do not depend on it


class TagProbabilities(NamedTuple):
    """The tokens of a text, and (t, 2 S + 1) the probability of each tag: O, each B, each I."""

    tokens: list[Token]
    tags: NDArray[np.float64]


class _Batch(NamedTuple):
    """Some of the texts."""

    texts: Sequence[str]
    intents: Sequence[str]
    tokenized: TokenizedTexts
    slots: Sequence[Sequence[Slot]]


class SlotTagger(FittedModel):
    """Slots of texts whose intents are known, by a linear-chain conditional random field.

    `uncalibrated`: do not learn from held-out texts how sure to be. After `fit`: `names_` (S,) of
    the slots and `intents_`, sorted; `tokenizer_`, `gazetteer_`, `classes_`, `columns_`, `chain_`,
    `slot_scaling_`, `text_scaling_`, `figures_`. Learning needs python-crfsuite, tagging does not.

    >>> adele, bach = Slot("artist", 5, 10, "adele"), Slot("artist", 5, 9, "bach")
    >>> texts = ["play adele now", "play bach now", "stop it now"]
    >>> tagger = SlotTagger(uncalibrated=True)
    >>> tagger = tagger.fit(texts, ["play", "play", "stop"], [[adele], [bach], []])
    >>> [slot.value for slot in tagger.predict(["play queen now"], ["play"])[0]]
    ['queen']
    """

    names_: tuple[str, ...]
    intents_: tuple[str, ...]
    tokenizer_: Tokenizer
    gazetteer_: Gazetteer
    classes_: WordClasses
    columns_: FeatureColumns
    chain_: Chain
    slot_scaling_: PlattScaling
    text_scaling_: PlattScaling
    figures_: dict[str, Any]

    def __init__(self, *, uncalibrated: bool = False, seed: int = 0) -> None:
        self.uncalibrated, self.seed = uncalibrated, seed

    def fit(
        self,
        texts: Texts,
        intents: Texts,
        slots: Sequence[Sequence[Slot]],
        *,
        pool: Texts = (),
    ) -> SlotTagger:
        """Learn from annotated texts, and from a pool which words stand in the same places.

        `slots`: those of each text, as `Slot(slot, start, end, value)`. At most 50,000 texts are
        drawn of a pool. Returns self. Raises InputError where no text has a slot, and OptionError
        where python-crfsuite is missing.
        """
        known, names = as_texts(texts), as_texts(intents, "intents")
        if not len(known) == len(names) == len(slots):
            raise InputError(
                f"{len(known):,} texts, {len(names):,} intents, {len(slots):,} lists of slots; "
                "give as many of each"
            )
        return self.fit_reported(known, names, slots, as_texts(pool, "pool"))

    def fit_reported(
        self,
        texts: Sequence[str],
        intents: Sequence[str],
        slots: Sequence[Sequence[Slot]],
        pool: Sequence[str],
        report: Report = unreported,
    ) -> SlotTagger:
        """As `fit`, with progress."""
        from dataselect.models.slot_tagger.tagger_training import train

        train(self, texts, intents, slots, pool, report)
        return self

    def predict(self, texts: Texts, intents: Texts) -> list[tuple[TaggedSlot, ...]]:
        """The slots of each text, in order, given its intent."""
        return [tagged.slots for tagged in self.tag(as_texts(texts), as_texts(intents, "intents"))]

    def tag(self, texts: Sequence[str], intents: Sequence[str]) -> list[Tagged]:
        """The slots of each text given its intent, and how sure it is of all of them.

        Those of a text do not depend on the other texts. An intent that is none of `intents_`
        tells nothing. Probabilities have 6 decimals.
        """
        found: list[Tagged] = []
        for some, own_intents, batch, _ in self._batches(texts, intents):
            tags, all_right, sums = self.best(batch, own_intents)
            first, last, slot = segments(tags, batch.bounds, len(self.names_))
            each = self.slot_scaling_(log_odds(sums.segment_probabilities(first, last, slot)))
            whole = self.text_scaling_(log_odds(all_right))
            found += self._tagged(some, batch, (first, last, slot), each, whole)
        return found

    def probabilities(
        self, texts: Texts, intents: Texts, slots: Sequence[Sequence[Slot]]
    ) -> list[list[float]]:
        """How probable each given slot of each text is, calibrated as a tagged one's confidence.

        A slot of a name that is not known has 0.
        """
        found: list[list[float]] = []
        place = {name: number for number, name in enumerate(self.names_)}
        given = as_texts(texts), as_texts(intents, "intents"), slots
        for _, own_intents, batch, own_slots in self._batches(*given):
            sums = self._sums(batch, self.emissions(batch, own_intents))
            for (begin, end), own in zip(batch.spans(), own_slots, strict=True):
                tokens, spans = batch.tokens[begin:end], []
                known = np.zeros(len(own), bool)
                for number, slot in enumerate(own):
                    inside = covered(tokens, slot)
                    if inside and slot.slot in place:
                        known[number] = True
                        spans.append((begin + inside[0], begin + inside[-1], place[slot.slot]))
                first, last, which = np.array(spans, np.intp).reshape(-1, 3).T
                odds = log_odds(sums.segment_probabilities(first, last, which))
                sure = np.zeros(len(own))
                sure[known] = np.round(self.slot_scaling_(odds), _DECIMALS)
                found.append(sure.tolist())
        return found

    def tag_probabilities(self, texts: Texts, intents: Texts) -> list[TagProbabilities]:
        """The tokens of each text and the probabilities of their tags, as they come."""
        found: list[TagProbabilities] = []
        for _, own_intents, batch, _ in self._batches(
            as_texts(texts), as_texts(intents, "intents")
        ):
            marginals = self._sums(batch, self.emissions(batch, own_intents)).marginals()
            for begin, end in batch.spans():
                found.append(TagProbabilities(batch.tokens[begin:end], marginals[begin:end]))
        return found

    def best(
        self, batch: TokenizedTexts, intents: Sequence[str]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], ForwardBackward]:
        """(t,) the most probable tags, (n,) how probable those of each text are, and the sums."""
        emissions = self.emissions(batch, intents)
        tags, scores = best_paths(emissions, batch.bounds, self.chain_.transitions)
        sums = self._sums(batch, emissions)
        return tags, np.exp(np.minimum(scores - sums.log_sums, 0)), sums

    def _batches(
        self,
        texts: Sequence[str],
        intents: Sequence[str],
        slots: Sequence[Sequence[Slot]] | None = None,
    ) -> Iterator[_Batch]:
        """Some texts at a time; a slot whose edge is inside a token cuts it."""
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            here = slice(start, start + _TEXTS_AT_ONCE)
            some, own = texts[here], [()] * len(texts[here]) if slots is None else slots[here]
            tokens = (
                self.tokenizer_(text, edges_of(each)) for text, each in zip(some, own, strict=True)
            )
            yield _Batch(some, intents[here], TokenizedTexts.of(tokens), own)

    def emissions(self, batch: TokenizedTexts, intents: Sequence[str]) -> NDArray[np.float64]:
        """(t, 2 S + 1) log-weights of tags."""
        known = known_features(batch, intents, self.gazetteer_)
        rows = token_features.rows(batch, known, self.classes_, self.columns_)
        return np.asarray(rows @ self.chain_.weights.astype(np.float64))

    def _sums(self, batch: TokenizedTexts, emissions: NDArray[np.float64]) -> ForwardBackward:
        return ForwardBackward.of(emissions, batch.bounds, self.chain_.transitions, row_by_row)

    def _tagged(
        self,
        texts: Sequence[str],
        batch: TokenizedTexts,
        found: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]],
        confidence: NDArray[np.float64],
        whole: NDArray[np.float64],
    ) -> list[Tagged]:
        """Segments as slots of their texts."""
        text_of = np.searchsorted(batch.bounds, found[0], side="right") - 1
        slots: list[list[TaggedSlot]] = [[] for _ in texts]
        rounded = np.round(confidence, _DECIMALS).tolist()
        columns = (text_of.tolist(), *(each.tolist() for each in found), rounded)
        for text, first, last, slot, sure in zip(*columns, strict=True):
            start, end = batch.tokens[first].start, batch.tokens[last].end
            value = texts[text][start:end]
            slots[text].append(TaggedSlot(self.names_[slot], start, end, value, sure))
        sure_of_all = np.round(whole, _DECIMALS).tolist()
        return [Tagged(tuple(own), p) for own, p in zip(slots, sure_of_all, strict=True)]

    def warnings(self) -> list[str]:
        """What a person should know before trusting the slots."""
        return list(self.figures_.get("warnings", []))

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.dumps()).hexdigest()

    def describe(self) -> dict[str, Any]:
        return {"slots": len(self.names_), **self.figures_}

    def dumps(self) -> bytes:
        return archive.dumps(_FORMAT, *self.parts())

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What a saved model holds, JSON and arrays."""
        return parts(self)

    @classmethod
    def load(cls, path: str) -> SlotTagger:
        """Read a model from a file. Raises InputError if it is not one."""
        return archive.load(path, _FORMAT, cls.restored)

    @classmethod
    def restored(cls, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> SlotTagger:
        """The model of what `parts` gave. Raises ValueError, KeyError or TypeError for others."""
        model = cls()
        restore(model, about, arrays)
        return model

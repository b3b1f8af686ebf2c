"""Candidate new intents in texts: found, ordered, named, and placed under what is known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.data.sampling import sample_items
from dataselect.models.encoders.base import portions
from dataselect.models.encoders.joined import pool_encoder
from dataselect.models.near_duplicates import first_places
from dataselect.operations.discover.group_names import group_names
from dataselect.operations.discover.grouping import (
    NO_GROUP,
    Grouping,
    GroupingOptions,
    KnownVectors,
    centres_of,
    group,
    nearest_centres,
)

if TYPE_CHECKING:
    from dataselect.models.encoders.base import Encoder
    from dataselect.operations.discover.discover_input import KnownTexts

GROUPED, KNOWN_INTENT, UNGROUPED = range(3)
_EXAMPLES = 3
_LEARNT_FROM = 100_000  # texts, by the encoder
_MOST_KNOWN = 10_000  # texts of known intents, that groups are told from
_NAMED_BY = 20_000  # texts outside all groups, that names are told from
_DECIMALS = 6


@dataclass(frozen=True)
class IntentGroup:
    """A candidate intent: `records` counts copies, too.

    `cohesion` is the mean typicality of its texts. `parent`: the known intent, or what stands for
    it, of the nearest centre; `parent_similarity` is the cosine.
    """

    group: int
    name: str
    records: int
    cohesion: float
    parent: str | None
    parent_similarity: float | None
    typical: list[str]
    borderline: list[str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class IntentGroups:
    """What became of n texts, and the groups, the largest first.

    `codes` (n,): GROUPED, KNOWN_INTENT or UNGROUPED. `numbers` (n,): of the group, from 1, or 0.
    `typicality` (n,): cosine to the centre of the group, 0 without one. `figures` go into reports.
    """

    codes: NDArray[np.uint8]
    numbers: NDArray[np.int32]
    typicality: NDArray[np.float64]
    groups: list[IntentGroup]
    figures: dict[str, Any]


def find_groups(
    texts: Sequence[str],
    is_open: NDArray[np.bool_],
    known: KnownTexts,
    encoder: Encoder | None,
    options: GroupingOptions,
    rng: np.random.Generator,
    report: Report = unreported,
    *,
    is_told_new: bool = False,
) -> IntentGroups:
    """Groups among the texts that are open, (n,), the others being of known intents.

    Open texts that are like the known ones are of known intents, too, unless `is_told_new`. Copies
    of known texts are of known intents; other copies go where the first one goes. Without
    an encoder one is learnt from all texts. Raises InputError if no text has a word.
    """
    first = first_places([*known.texts, *texts])[len(known.texts) :] - len(known.texts)
    is_open = is_open & (first >= 0)
    distinct = np.flatnonzero(is_open & (first == np.arange(len(texts))))
    own = [texts[place] for place in distinct.tolist()]
    if encoder is None and own:
        report("learning vectors", 1)
        learnt_from = sample_items([*known.texts, *own], _LEARNT_FROM, rng)
        encoder = pool_encoder(learnt_from, rng)
    space = _Space(known, own, encoder, rng, report)
    compared = KnownVectors(space.known, space.intents, space.share, not is_told_new)
    found = group(space.texts, compared, options, rng, report)
    count = compared.intent_count
    found = _largest_first(found, count, first, distinct, is_open)
    of_text = np.full(len(texts), NO_GROUP)
    of_text[distinct] = found.groups
    of_text = np.where(is_open, of_text[np.maximum(first, 0)], NO_GROUP)
    closeness = np.zeros(len(texts))
    closeness[distinct] = found.closeness
    is_grouped = of_text >= count
    codes = np.where(is_grouped, GROUPED, UNGROUPED).astype(np.uint8)
    codes[~is_open | ((of_text >= 0) & ~is_grouped)] = KNOWN_INTENT
    numbers = np.where(is_grouped, of_text - count + 1, 0).astype(np.int32)
    typicality = np.zeros(len(texts))
    typicality[is_grouped] = np.round(closeness[first[is_grouped]], _DECIMALS)
    described = _described(own, found, count, numbers, space, rng)
    figures = {
        "encoder": None if encoder is None else encoder.describe(),
        "known_intents": len(set(known.intents)),
        "known_texts": len(known.texts),
        "candidates": int(is_open.sum()),
    }
    return IntentGroups(codes, numbers, typicality, described, figures)


class _Space:
    """Unit vectors of distinct candidates, and of known texts with their intents from 0."""

    def __init__(
        self,
        known: KnownTexts,
        texts: list[str],
        encoder: Encoder | None,
        rng: np.random.Generator,
        report: Report,
    ) -> None:
        count = len(known.texts) if texts else 0
        drawn = sample_items(range(count), _MOST_KNOWN, rng)
        self.share = len(drawn) / max(1, count)
        self.known_texts = [known.texts[place] for place in drawn]
        labels = [known.intents[place] for place in drawn]
        self.parents = [known.parents[place] for place in drawn]
        self.intents = np.unique(np.array(labels, np.str_), return_inverse=True)[1].astype(np.intp)
        advance = report("encoding", len(texts) + len(drawn))
        if encoder is None:
            self.texts, self.known = np.zeros((2, 0, 1), np.float32)
        else:
            none = np.empty((0, encoder.dimension), np.float32)
            self.known = np.concatenate([none, *portions(encoder, self.known_texts, advance)])
            self.texts = np.concatenate([none, *portions(encoder, texts, advance)])

    def parents_of(self, centres: NDArray[np.float32]) -> list[tuple[str | None, float | None]]:
        """The commonest parent of the known intent nearest to each centre, and the cosine."""
        counts: dict[int, Counter[str | None]] = defaultdict(Counter)
        for intent, parent in zip(self.intents.tolist(), self.parents, strict=True):
            counts[intent][parent] += 1
        if not counts:
            return [(None, None)] * len(centres)
        places, cosines = nearest_centres(
            centres, centres_of(self.known, self.intents, len(counts))
        )
        return [
            (counts[place].most_common(1)[0][0], round(cosine, _DECIMALS))
            for place, cosine in zip(places.tolist(), cosines.tolist(), strict=True)
        ]


def _largest_first(
    found: Grouping,
    count: int,
    first: NDArray[np.intp],
    distinct: NDArray[np.intp],
    is_open: NDArray[np.bool_],
) -> Grouping:
    """The same with the groups of most records first, after the `count` known intents.

    Of equals the one that occurs first.
    """
    copies = np.bincount(first[is_open], minlength=len(is_open))[distinct]
    sizes = np.bincount(found.groups + 1, weights=copies, minlength=len(found.centres) + 1)[1:]
    earliest = np.full(len(found.centres), len(distinct))
    grouped = np.flatnonzero(found.groups >= 0)
    np.minimum.at(earliest, found.groups[grouped], grouped)
    order = np.lexsort((earliest, -sizes))
    order = np.concatenate((np.arange(count), order[order >= count]))
    numbers = np.empty(len(order) + 1, np.intp)
    numbers[order], numbers[-1] = np.arange(len(order)), NO_GROUP
    return Grouping(numbers[found.groups], found.closeness, found.centres[order])


def _described(
    texts: Sequence[str],
    found: Grouping,
    count: int,
    numbers: NDArray[np.int32],
    space: _Space,
    rng: np.random.Generator,
) -> list[IntentGroup]:
    """The groups, in order, from their distinct texts."""
    members = [np.flatnonzero(found.groups == each) for each in range(count, len(found.centres))]
    rest = [texts[place] for place in np.flatnonzero(found.groups < count).tolist()]
    rest = sample_items([*space.known_texts, *rest], _NAMED_BY, rng)
    names = group_names([[texts[place] for place in own.tolist()] for own in members], rest)
    parents = space.parents_of(found.centres[count:])
    records = np.bincount(numbers, minlength=len(members) + 1)[1:].tolist()
    described = []
    for number, own in enumerate(members):
        near = own[np.argsort(-found.closeness[own], kind="stable")].tolist()
        described.append(
            IntentGroup(
                number + 1,
                names[number],
                records[number],
                round(float(found.closeness[own].mean()), _DECIMALS),
                *parents[number],
                [texts[place] for place in near[:_EXAMPLES]],
                [texts[place] for place in near[: -1 - _EXAMPLES : -1]],
            )
        )
    return described

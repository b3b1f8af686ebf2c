"""Groups of texts that lie near each other and near no known intent, by their vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from dataselect.console import Report, unreported
from dataselect.models.encoders.base import coarse, unit
from dataselect.models.neighbours.blocks import blocks
from dataselect.models.neighbours.graph import neighbour_cosines
from dataselect.operations.discover.communities import communities
from dataselect.operations.discover.known_intents import density_by_intents, is_enough

NO_GROUP = -1
_ROUNDS = 10  # of k-means; seldom more than six change anything
_ROWS = 4_096

Vectors = NDArray[np.float32]


# With 15, 38 and 75 intents of CLINC150, 30 neighbours and a density of 0.03 give 15 or 16, 40 and
# 80 groups; 0.02 and 0.04 are a little worse. By modularity there would be 18, 35 and 57.
NEIGHBOURS, DENSITY = 30, 0.03
# A text is of a known intent if its communities have this share of the known texts that chance
# gives them, or more, by the geometric mean over several densities: at a single one, siblings are
# joined here and there, and some communities have no annotated text by chance.
_KNOWN_SHARE = 0.5
_DENSITIES_BESIDE = (4.0, 2.0, 0.5)  # times the density
_DECIMALS = 9


@dataclass(frozen=True)
class GroupingOptions:
    """How groups are found; `sample_size` bounds the texts among which they are looked for.

    `neighbours`: by default 30, and in a small pool the square root of its size. `density`: by
    default the one whose groups are most like the known intents, 0.03 without any.
    """

    neighbours: int | None = None
    density: float | None = None
    min_size: int = 10
    sample_size: int = 25_000


class KnownVectors(NamedTuple):
    """Unit vectors (m, d) of known texts, and their intents (m,): all occur, numbered from 0.

    `share`: of all known texts, which these are drawn from. `are_compared`: false where no text to
    group is of a known intent, so that these only tell how large an intent is.
    """

    vectors: Vectors
    intents: NDArray[np.intp]
    share: float = 1.0
    are_compared: bool = True

    @property
    def intent_count(self) -> int:
        """Intents that a text to group may be of."""
        return int(self.intents.max(initial=-1)) + 1 if self.are_compared else 0


class Grouping(NamedTuple):
    """The group of each of n texts, NO_GROUP for none; known intents come first.

    `centres` (k, d) unit vectors, `closeness` (n,) cosine of a text to the centre of its group, or
    to the nearest one.
    """

    groups: NDArray[np.intp]
    closeness: NDArray[np.float64]
    centres: Vectors


def group(
    texts: Vectors,
    known: KnownVectors,
    options: GroupingOptions,
    rng: np.random.Generator,
    report: Report = unreported,
) -> Grouping:
    """Groups of unit vectors (n, d), of which the first ones are the known intents.

    Communities of the graph of nearest neighbours are where k-means starts from. A text that
    belongs to no community of `min_size` or more joins a group only if it is as near to it as one
    of its members.
    """
    drawn = np.arange(len(texts))
    if len(texts) > options.sample_size:
        drawn = np.sort(rng.choice(len(texts), options.sample_size, replace=False))
    sample = texts[drawn]
    start = _communities(sample, known, len(drawn) / max(1, len(texts)), options, rng, report)
    compared = slice(None if known.are_compared else 0)
    vectors, intents = known.vectors[compared], known.intents[compared]
    centres, assigned = _k_means(sample, start, vectors, intents, known.intent_count)
    nearest, closeness = nearest_centres(texts, centres)
    groups = _as_near_as_members(nearest, closeness, drawn, assigned, len(centres))
    return _without_small(
        Grouping(groups, closeness, centres), known.intent_count, options.min_size
    )


def _communities(
    texts: Vectors,
    known: KnownVectors,
    share: float,
    options: GroupingOptions,
    rng: np.random.Generator,
    report: Report,
) -> NDArray[np.intp]:
    """(n,) communities that are new and large enough, after known intents; else NO_GROUP, _KNOWN.

    `share`: of all texts, which these are drawn from. Known are texts, not whole communities.
    """
    compared = known.vectors[: None if known.are_compared else 0]
    before = len(compared)
    if before + len(texts) < 2:
        return np.full(len(texts), NO_GROUP)
    graph = _neighbours(np.concatenate((compared, texts)), options, report)
    density, tried = options.density, dict[float, NDArray[np.intp]]()
    if density is None:
        density, tried = _density(graph, known, share, options, rng, report)
    found = communities(graph, density, rng)
    is_known = np.zeros(len(texts), np.bool_)
    if before:
        beside = [density * times for times in _DENSITIES_BESIDE]
        if not tried:
            report("known intents", 1)
            tried = {each: communities(graph, each, rng) for each in beside}
        parts = [found, *(tried[each] for each in beside if each in tried)]
        shares = np.mean([_known_share(each, before) for each in parts], axis=0)
        above = shares[before:] - math.log(_KNOWN_SHARE)
        is_known = np.round(above, _DECIMALS) > 0  # logarithms differ in the last bits
    own = np.where(is_known, NO_GROUP, found[before:])
    sizes = np.bincount(own + 1, minlength=int(found.max()) + 2)[1:]
    is_new = sizes >= options.min_size
    numbers = np.append(
        np.where(is_new, known.intent_count + np.cumsum(is_new) - 1, NO_GROUP), NO_GROUP
    )[own]
    numbers[is_known] = _KNOWN
    return numbers


def _known_share(found: NDArray[np.intp], before: int) -> NDArray[np.float64]:
    """(n,) logarithm of the share of known texts in the community of each, beside chance.

    The first `before` texts are the known ones. One text that chance gives is added, and
    `_KNOWN_SHARE` that is there: no evidence is none for either.
    """
    sizes = np.bincount(found)
    known = np.bincount(found[:before], minlength=len(sizes))
    shares = np.log((known + _KNOWN_SHARE) / (sizes * (before / len(found)) + 1))
    each: NDArray[np.float64] = shares[found]
    return each


def _density(
    graph: csr_array,
    known: KnownVectors,
    share: float,
    options: GroupingOptions,
    rng: np.random.Generator,
    report: Report,
) -> tuple[float, dict[float, NDArray[np.intp]]]:
    """By the known intents, in the graph of all texts if that has them, else in one of their own.

    Where an intent is drawn from its texts, it is smaller, and the density higher. Also the
    communities of all texts at those densities that were tried.
    """
    if not is_enough(known.intents):
        return DENSITY, {}
    own = graph if known.are_compared else _neighbours(known.vectors, options, report)
    report("size of intents", 1)
    density, tried = density_by_intents(own, known.intents, rng)
    return (density, tried) if known.are_compared else (known.share / share * density, {})


def _neighbours(rows: Vectors, options: GroupingOptions, report: Report) -> csr_array:
    """The graph of nearest neighbours, without links from a node to itself or to its opposite."""
    count = options.neighbours or min(NEIGHBOURS, math.isqrt(len(rows)))
    advance = report("neighbours", len(rows))
    cosines = neighbour_cosines(coarse(rows), min(count, len(rows) - 1), advance)
    own = np.repeat(np.arange(len(rows)), np.diff(cosines.indptr))
    near = (own != cosines.indices) & (cosines.data > 0)
    weights = cosines.data[near].astype(np.float64)
    return csr_array((weights, (own[near], cosines.indices[near])), shape=cosines.shape)


_KNOWN = -2  # in the community of known texts


def _k_means(
    texts: Vectors,
    start: NDArray[np.intp],
    known: Vectors,
    intents: NDArray[np.intp],
    count: int,
) -> tuple[Vectors, NDArray[np.intp]]:
    """Centres, known intents first, and (n,) the one of each text, NO_GROUP where it has none.

    Spherical k-means (Dhillon & Modha 2001); known texts keep their intent.
    """
    members = np.flatnonzero(start != NO_GROUP)
    own = texts[members]
    assigned = start[members]
    centres = centres_of(known, intents, count)
    if (lost := assigned == _KNOWN).any():
        assigned[lost] = nearest_centres(own[lost], centres)[0]
    rows = np.concatenate((known, own))
    for _ in range(_ROUNDS):
        before = assigned
        size = max(count, int(assigned.max(initial=-1)) + 1)
        centres = centres_of(rows, np.concatenate((intents, assigned)), size)
        if not len(centres):
            break
        assigned = nearest_centres(own, centres)[0]
        if (assigned == before).all():
            break
    found = np.full(len(texts), NO_GROUP)
    found[members] = assigned
    return centres, found


def centres_of(rows: Vectors, groups: NDArray[np.intp], count: int) -> Vectors:
    """(count, d) unit vectors of the sums of the rows of each group; sums of float64 are exact."""
    shape = (count, len(rows))
    of_group = csr_array((np.ones(len(rows)), (groups, np.arange(len(rows)))), shape=shape)
    return unit(of_group @ rows.astype(np.float64))


def nearest_centres(
    texts: Vectors, centres: Vectors
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(n,) the nearest centre of each text, NO_GROUP if there is none, and its cosine."""
    places, closeness = np.full(len(texts), NO_GROUP), np.zeros(len(texts))
    if not len(centres):
        return places, closeness
    transposed = centres.T.astype(np.float64)
    for rows in blocks(len(texts), _ROWS):
        # Float64 holds sums of products of unit vectors exactly, in whatever order.
        cosines = texts[rows].astype(np.float64) @ transposed
        places[rows] = cosines.argmax(axis=1)
        closeness[rows] = cosines.max(axis=1)
    return places, closeness


def _as_near_as_members(
    nearest: NDArray[np.intp],
    closeness: NDArray[np.float64],
    drawn: NDArray[np.intp],
    assigned: NDArray[np.intp],
    count: int,
) -> NDArray[np.intp]:
    """(n,) the nearest group of each text that is as near to it as one of its members."""
    members = drawn[assigned != NO_GROUP]
    least = np.full(count + 1, np.inf)  # the last: of NO_GROUP
    np.minimum.at(least, nearest[members], closeness[members])
    return np.where(closeness >= least[nearest], nearest, NO_GROUP)


def _without_small(found: Grouping, count: int, min_size: int) -> Grouping:
    """The same with new groups of fewer texts left out; known intents, the first, stay."""
    groups, closeness, centres = found
    sizes = np.bincount(groups[groups >= 0], minlength=len(centres))
    stays = (sizes >= min_size) | (np.arange(len(centres)) < count)
    numbers = np.append(np.where(stays, np.cumsum(stays) - 1, NO_GROUP), NO_GROUP)
    return Grouping(numbers[groups], closeness, centres[stays])

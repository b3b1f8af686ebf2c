"""What a tagger sees of a token: word, letters, neighbours, known values, and the intent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataselect.models.normalization import lowered

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.models.slot_tagger.gazetteers import Gazetteer
    from dataselect.models.slot_tagger.slot_tokens import Token

_AFFIX = 4  # characters of the longest prefix and suffix
EDGE = "\n"  # the word beyond either end of a text; no token is it
WordClasses = Mapping[str, Sequence[str]]
"""By word, in lower case: names of classes of words that stand in the same places."""

OFFSETS = (-2, -1, 0, 1, 2)
PAIRS = ((-1, 0), (0, 1), (-2, -1), (1, 2))


class TokenizedTexts(NamedTuple):
    """Tokens of a batch: text i owns `bounds[i]` to `bounds[i + 1]` of `tokens`."""

    tokens: list[Token]
    bounds: NDArray[np.intp]

    @classmethod
    def of(cls, texts: Iterable[Sequence[Token]]) -> TokenizedTexts:
        each = list(texts)
        return cls(list(chain.from_iterable(each)), _bounds([len(own) for own in each]))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def words(self) -> list[list[str]]:
        """The tokens of each text in lower case."""
        small = [lowered(token.form) for token in self.tokens]
        return [small[start:end] for start, end in self.spans()]

    def spans(self) -> list[tuple[int, int]]:
        """Where the tokens of each text are."""
        ends = self.bounds.tolist()
        return list(pairwise(ends))


class FeatureColumns:
    """Columns of features by name. While `grows`, unknown names get one; later they have none."""

    def __init__(self, names: Iterable[str] = (), *, grows: bool = False) -> None:
        self.places = {name: column for column, name in enumerate(names)}
        self.grows = grows

    def __call__(self, names: Iterable[str]) -> list[int]:
        places = self.places
        if self.grows:
            return [places.setdefault(name, len(places)) for name in names]
        return [places[name] for name in names if name in places]

    def one_each(self, names: Iterable[str]) -> list[Sequence[int]]:
        """The column of each name by itself, or none."""
        places = self.places
        if self.grows:
            return [(places.setdefault(name, len(places)),) for name in names]
        return [(places[name],) if name in places else () for name in names]


def rows(
    texts: TokenizedTexts,
    known: Sequence[Sequence[str]],
    classes: WordClasses,
    columns: FeatureColumns,
) -> csr_array:
    """(t, f) sparse, 1 where a token has a feature; `known` (t,) names more of each token."""
    from scipy.sparse import csr_array

    place: dict[str, int] = {EDGE: 0}
    ids = np.array([place.setdefault(t.form, len(place)) for t in texts.tokens], np.intp)
    forms = list(place)
    small = [lowered(form) for form in forms]
    near = {offset: shifted(ids, texts.bounds, offset) for offset in OFFSETS}
    found = []
    for offset, own in near.items():
        named = (
            features_of_word(offset, form, word, classes.get(word, ()))
            for form, word in zip(forms, small, strict=True)
        )
        found.append(_gathered([columns(names) for names in named], own))
    for one, other in PAIRS:
        codes, pair = np.unique(near[one] * len(forms) + near[other], return_inverse=True)
        places = zip(*(each.tolist() for each in np.divmod(codes, len(forms))), strict=True)
        spelled = (f"{one}:{small[a]} {small[b]}" for a, b in places)
        found.append(_gathered(columns.one_each(spelled), pair))
    found.append(_gathered([columns(names) for names in known], np.arange(len(ids))))
    counts: NDArray[np.intp] = np.sum([sizes for _, sizes in found], axis=0, dtype=np.intp)
    bounds = _bounds(counts)
    indices = np.empty(bounds[-1], np.int32)
    begins = bounds[:-1].copy()
    for each, sizes in found:
        indices[_ranges(begins, sizes)] = each
        begins += sizes
    shape = (len(ids), len(columns.places))
    return csr_array((np.ones(len(indices), np.float64), indices, bounds), shape=shape)


def features_of_word(offset: int, form: str, word: str, classes: Sequence[str]) -> list[str]:
    """The features of a word so far from the token."""
    names = [f"{offset}w={word}"]
    if abs(offset) <= 1 and form != EDGE:
        names.append(f"{offset}shape={_shape(form)}")
        names += [f"{offset}c={each}" for each in classes]
    if abs(offset) == 1:
        names.append(f"{offset}s={word[-3:]}")
    if offset == 0:
        sizes = range(1, min(_AFFIX, len(word) - 1) + 1)
        names += [f"p={word[:size]}" for size in sizes] + [f"s={word[-size:]}" for size in sizes]
        if digits := sum(map(str.isdigit, word)):
            names.append(f"digits={digits}")
    return names


@lru_cache(1 << 14)  # words come again, beside others
def _shape(form: str) -> str:
    """X for a run of capitals, x for one of other letters, 0 for digits; the rest as it is."""
    kinds = (
        "0" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in form
    )
    found: list[str] = []
    for kind in kinds:
        if found[-1:] != [kind]:
            found.append(kind)
    return "".join(found)


def shifted(ids: NDArray[np.intp], bounds: NDArray[np.intp], offset: int) -> NDArray[np.intp]:
    """(t,) the id so many tokens on in the same text, or 0 beyond its ends."""
    lengths = np.diff(bounds)
    where = np.arange(len(ids)) + offset
    first, end = (np.repeat(edge, lengths) for edge in (bounds[:-1], bounds[1:]))
    inside = (where >= first) & (where < end)
    found = np.zeros(len(ids), np.intp)
    found[inside] = ids[where[inside]]
    return found


def _bounds(sizes: Sequence[int] | NDArray[Any]) -> NDArray[np.intp]:
    found = np.zeros(len(sizes) + 1, np.intp)
    np.cumsum(sizes, out=found[1:])
    return found


def _ranges(begins: NDArray[np.intp], sizes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Ranges one after the other: so many numbers from each of `begins` on."""
    before = _bounds(sizes)[:-1]
    found: NDArray[np.intp] = np.repeat(begins - before, sizes) + np.arange(int(sizes.sum()))
    return found


def _gathered(
    columns: Sequence[Sequence[int]], items: NDArray[np.intp]
) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """The columns of each of `items` one after the other, and how many each has."""
    sizes = np.array([len(each) for each in columns], np.intp)
    flat = np.fromiter(chain.from_iterable(columns), np.int32, int(sizes.sum()))
    counts = sizes[items]
    return flat[_ranges(_bounds(sizes)[:-1][items], counts)], counts


def known_features(
    batch: TokenizedTexts, intents: Sequence[str], gazetteer: Gazetteer, own: Any = None
) -> list[list[str]]:
    """For each token: 1, the intent of its text, and the known values that it is part of.

    `own`: values of each text that only count where another text has them, too.
    """
    found: list[list[str]] = []
    words = batch.words()
    for place, (intent, each) in enumerate(zip(intents, words, strict=True)):
        general = ["1", f"intent={intent}"]
        hidden = own[place] if own is not None else ()
        found += [general + names for names in gazetteer.features(each, hidden)]
    return found

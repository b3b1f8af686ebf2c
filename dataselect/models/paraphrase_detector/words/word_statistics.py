"""What the texts at hand tell of their words: which are rare, what may stand beside them.

A detector that knows words by this, and not by their spelling, has nothing to forget where texts
are of another domain, language or script than those that it was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.documents import typed
from dataselect.errors import InputError
from dataselect.models.encoders.ppmi.ppmi_vectors import PpmiVectors
from dataselect.models.paraphrase_detector.pairs.templates import canonical
from dataselect.models.paraphrase_detector.words.tokenization import SHAPES, Words, spaced, words_of

DIMENSION = 100  # of vectors of words
_EDGE = np.uint64(0)  # stands for the end of a text among the hashes of words
_FRAME = np.uint64(0x9E3779B97F4A7C15)  # odd; frames are hashed by it
_OWN, _FRAMES = 6, 2  # columns of a word and of a frame
RARITY, _BEFORE, _AFTER = 0, 1, 2  # columns
OF_TEXT = slice(_OWN + 4, _OWN + 4 + 2 + SHAPES)  # columns that other texts tell nothing of
TOKEN_FEATURES = OF_TEXT.stop + _FRAMES


class _About(NamedTuple):
    """What a saved one says of its vectors; None where there are none."""

    vectors: dict[str, Any] | None


@dataclass(frozen=True, eq=False)
class WordStatistics:
    """Statistics of words and of frames, a frame being the two words around one.

    `words` (w,) hashes, ascending, the edge of a text among them. `table` (w, 6): inverse document
    frequency, from 0 to 1; the entropy of the words before it and after it, as a share of the
    largest; logarithmic frequency, from 0 to 1; different words before it and after it, as a share
    of its occurrences. `frames` (f,) hashes, ascending; `fillers` (f, 2): the logarithm of how many
    words stand in it, and their share of its occurrences. `vectors`: None where texts have no two
    words beside each other.
    """

    words: NDArray[np.uint64]
    table: NDArray[np.float32]
    frames: NDArray[np.uint64]
    fillers: NDArray[np.float32]
    vectors: PpmiVectors | None

    @classmethod
    def fit(cls, texts: Sequence[str]) -> WordStatistics:
        """Learn from one or more texts; copies, but for case and white space, count once."""
        distinct = list({canonical(text): text for text in texts}.values())
        found = words_of(distinct)
        left, right = _neighbours(found)
        words, edge = len(found.hashes), len(found.hashes)
        text = np.repeat(np.arange(len(distinct)), np.diff(found.bounds))
        holders = np.unique(text * (words + 1) + found.distinct) % (words + 1)
        frequency = np.append(np.bincount(holders, minlength=words), len(distinct))
        log_total = np.log(1 + len(distinct))
        before, after = (
            _Beside.of(np.append(found.distinct, own), np.append(others, inner), words + 1)
            for others, own, inner in (
                (left, np.full(len(distinct), edge), _ends(found, last=True)),
                (right, np.full(len(distinct), edge), _ends(found, last=False)),
            )
        )
        table = np.stack(
            (
                np.log((1 + len(distinct)) / (1 + frequency)) / log_total,
                before.evenness,
                after.evenness,
                np.log1p(frequency) / log_total,
                before.variety,
                after.variety,
            ),
            axis=1,
        )
        hashes = np.append(found.hashes, _EDGE)
        frames, place = np.unique(_framed(hashes[left], hashes[right]), return_inverse=True)
        inside = np.unique(place * (words + 1) + found.distinct) // (words + 1)
        fillers = np.bincount(inside, minlength=len(frames))
        share = fillers / np.maximum(np.bincount(place, minlength=len(frames)), 1)
        order = np.argsort(hashes)
        return cls(
            hashes[order],
            table[order].astype(np.float32),
            frames,
            np.stack((np.log1p(fillers), share), axis=1).astype(np.float32),
            _vectors_of(distinct),
        )

    def token_features(self, words: Words) -> NDArray[np.float32]:
        """(t, TOKEN_FEATURES) what is known of each word of some texts, and of its neighbours."""
        table = np.append(self._rows(words.hashes), self._rows(np.array([_EDGE])), axis=0)
        left, right = _neighbours(words)
        edge = len(words.hashes)
        hashes = np.append(words.hashes, _EDGE)
        frames = _looked_up(self.frames, self.fillers, _framed(hashes[left], hashes[right]))
        return np.concatenate(
            (
                table[words.distinct],
                table[left][:, [RARITY, _AFTER]],
                table[right][:, [RARITY, _BEFORE]],
                np.stack((left == edge, right == edge), axis=1),
                words.shapes[words.distinct],
                frames,
            ),
            axis=1,
            dtype=np.float32,
        )

    def word_vectors(self, words: Words) -> NDArray[np.float32]:
        """(w, d) unit vectors of distinct words; 0 for one that is not known."""
        if self.vectors is None:
            return np.zeros((len(words.spelled), 1), np.float32)
        return self.vectors.encode(words.spelled, unit=True)

    def _rows(self, hashes: NDArray[np.uint64]) -> NDArray[np.float32]:
        """(n, 6) of the table; a word that is not there is as rare as can be."""
        found = _looked_up(self.words, self.table, hashes)
        found[~np.isin(hashes, self.words), RARITY] = 1
        return found

    def about(self) -> dict[str, Any]:
        return {"vectors": None if self.vectors is None else self.vectors.about()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {
            "statistics_words": self.words,
            "statistics_table": self.table,
            "statistics_frames": self.frames,
            "statistics_fillers": self.fillers,
        }
        vectors = {} if self.vectors is None else self.vectors.arrays()
        return found | {f"vectors_{name}": array for name, array in vectors.items()}

    @classmethod
    def restore(
        cls, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> WordStatistics:
        """Those that `about` and `arrays` tell. Raises ValueError, KeyError or TypeError."""
        saved = typed(_About, dict(about))
        own = {
            name.removeprefix("vectors_"): array
            for name, array in arrays.items()
            if name.startswith("vectors_")
        }
        found = cls(
            arrays["statistics_words"],
            arrays["statistics_table"],
            arrays["statistics_frames"],
            arrays["statistics_fillers"],
            None if saved.vectors is None else PpmiVectors.restore(saved.vectors, own),
        )
        for keys, table, width in (
            (found.words, found.table, _OWN),
            (found.frames, found.fillers, _FRAMES),
        ):
            ascending = keys.ndim == 1 and bool((keys[1:] > keys[:-1]).all())
            shaped = table.shape == (len(keys), width) and table.dtype == np.float32
            if not (keys.dtype == np.uint64 and ascending and shaped and np.isfinite(table).all()):
                raise ValueError("its statistics are not what a detector has")
        return found


def new_share(vocabulary: NDArray[np.uint64], texts: Sequence[str]) -> float:
    """Share of the different words of some texts whose hashes a vocabulary has not."""
    hashes = words_of(texts).hashes
    return float(np.mean(~np.isin(hashes, vocabulary))) if len(hashes) else 0.0


class _Beside(NamedTuple):
    """Of each word, of the words on one side: entropy and distinct ones, as shares (w,)."""

    evenness: NDArray[np.float64]
    variety: NDArray[np.float64]

    @classmethod
    def of(cls, words: NDArray[np.intp], others: NDArray[np.intp], size: int) -> _Beside:
        """`words` (t,) and `others` (t,) stand beside each other, all below `size`."""
        pairs, counts = np.unique(words * size + others, return_counts=True)
        own = pairs // size
        total = np.bincount(own, counts, minlength=size)
        at_least = np.maximum(total, 1)
        spread = np.bincount(own, counts * np.log(counts), minlength=size) / at_least
        variety = np.bincount(own, minlength=size) / at_least
        return cls((np.log(at_least) - spread) / np.log(2 + total), variety)


def _neighbours(words: Words) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(t,) the words before and after each, among distinct ones; their number at an edge."""
    edge = len(words.hashes)
    left, right = np.append(edge, words.distinct[:-1]), np.append(words.distinct[1:], edge)
    left, right = left[: len(words.distinct)], right[: len(words.distinct)]
    filled = words.bounds[:-1] < words.bounds[1:]
    left[words.bounds[:-1][filled]] = edge
    right[words.bounds[1:][filled] - 1] = edge
    return left, right


def _ends(words: Words, *, last: bool) -> NDArray[np.intp]:
    """(n,) the last word of each text, or the first; the edge where it has none."""
    filled = words.bounds[:-1] < words.bounds[1:]
    found = np.full(len(filled), len(words.hashes))
    found[filled] = words.distinct[(words.bounds[1:] - 1 if last else words.bounds[:-1])[filled]]
    return found


def _framed(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(t,) hashes of frames."""
    return left * _FRAME + right


def _looked_up(
    keys: NDArray[np.uint64], table: NDArray[np.float32], wanted: NDArray[np.uint64]
) -> NDArray[np.float32]:
    """(n, k) rows of a table by ascending keys; 0 where there is none."""
    if not len(keys):
        return np.zeros((len(wanted), table.shape[1]), np.float32)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((keys[places] == wanted)[:, None], table[places], np.float32(0))


def _vectors_of(texts: Sequence[str]) -> PpmiVectors | None:
    try:
        return PpmiVectors.fit([spaced(text) for text in texts], dimension=DIMENSION)
    except InputError:  # no two words beside each other that are common enough
        return None

"""What a word is made of: itself and its character n-grams, hashed into buckets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.ngrams.tokens import character_hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

# Characters of an n-gram, marks of a word's ends counted. On five German corpora, 2 to 5 and 3 to 4
# are as good and 3 to 5 is a little worse; many words of Chinese and Japanese have two characters.
SHORTEST, LONGEST = 2, 4
BITS = 15  # 14 cost 0.003 of mean average precision there, and 16 would gain as much
_NGRAMS = Ngrams(order=LONGEST, bits=BITS)
_WORDS = Ngrams(order=1, bits=BITS)
_MARK = " "  # no word has one inside


def word_features(words: Sequence[str], hashes: NDArray[np.uint64]) -> csr_array:
    """Counts of each word's features, (len(words), 2**BITS) sparse float32.

    The features of "as" are the word, and " a", "as", "s ", " as", "as " and " as ". `hashes`
    (len(words),) are the words' own.
    """
    from scipy.sparse import csr_array

    characters = _MARK + _MARK.join(words) + _MARK
    ends = np.cumsum([len(word) + 1 for word in words], dtype=np.intp)  # each word's closing mark
    lengths = np.diff(ends, prepend=0)
    room = np.repeat(ends + 1, lengths) - np.arange(len(characters) - 1)  # to that mark, from each
    # One row for each character: the word, if it starts here, and the n-grams that do.
    columns = np.zeros((len(room), LONGEST - SHORTEST + 2), np.int32)
    within = np.zeros(columns.shape, bool)
    columns[ends - lengths, 0] = next(_WORDS.buckets(hashes))
    within[ends - lengths, 0] = True
    for n, buckets in enumerate(_NGRAMS.buckets(character_hashes(characters)), start=1):
        if n >= SHORTEST:
            columns[: len(buckets), n - SHORTEST + 1] = buckets
            within[:, n - SHORTEST + 1] = room >= n
    before = np.append(0, np.cumsum(within.sum(axis=1)))[np.append(0, ends)]
    found = columns[within]
    return csr_array(
        (np.ones(len(found), np.float32), found, before), shape=(len(words), 1 << BITS)
    )

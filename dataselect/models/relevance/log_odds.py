"""Log-odds of texts, from weights of n-grams; and what such weights are learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dataselect.models.relevance.weights import NgramWeights, divisors

if TYPE_CHECKING:
    from dataselect.models.ngrams.ngrams import Analyzer

BACKGROUND_SIZE = 10_000  # 2,000 to 20,000 move precision on CLINC150 by 2 % at most


def analyzer_of(in_domain: Sequence[str]) -> Analyzer:
    """N-grams of characters where the script of the texts has no spaces, else of words."""
    from dataselect.models.unicode_scripts import is_unspaced  # loads the package regex

    return "char" if is_unspaced(in_domain) else "word"


def log_odds(weights: NgramWeights, texts: Sequence[str]) -> NDArray[np.float64]:
    """(K, n) aggregated weights of each text for each in-domain set, before the sigmoid."""
    sums, counts = weights.sums(texts)
    return sums / divisors(counts)

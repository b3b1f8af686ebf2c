"""The weight of the language model where nobody gives or tunes one: by what the lists are like.

A recogniser that errs puts text first that is less probable than in-domain text is; a translator,
which has a language model of its own, text that is more probable. The more the first hypotheses
surprise an in-domain model, the more it may change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dataselect.data.sampling import sample_items
from dataselect.models.cross_validation import folds
from dataselect.models.language_model.trained_model import KneserNey
from dataselect.operations.rescore.log_linear import LEAST_LM_WEIGHT

if TYPE_CHECKING:
    from dataselect.models.language_model.scoring.language_model import TextScores

SAMPLE = 1_000  # lists
_TEXTS = 5_000  # in-domain: more of them make the excess larger, of either sign
# A recogniser's lists (SNIPS) with 5 models, of 50 to 12,000 sentences, and parts of them with few
# errors, lists of pocketsphinx (ATIS, CLINC150), of a neural translator and of Moses: best were
# weights of 0.3 to 0.7 where the excess is 0 or less, or the recogniser hardly errs (0.07 to 0.16),
# 1 to 2 at 0.3, 2 or more from 0.6 on.
_PER_NAT, _MOST = 3.0, 2.0


@dataclass(frozen=True)
class Excess:
    """How much more the first hypotheses of lists surprise a model than in-domain text does.

    Nats a word, of models that did not see the text. `error`: the standard error of the difference.
    """

    first: float
    in_domain: float
    error: float

    @property
    def weight(self) -> float:
        """The weight of the language model: it rises with what is beyond chance."""
        excess = self.first - self.in_domain - self.error
        return min(LEAST_LM_WEIGHT + _PER_NAT * max(excess, 0.0), _MOST)

    def describe(self) -> dict[str, Any]:
        """For the run report."""
        return {
            "first_perplexity": math.exp(self.first),
            "in_domain_perplexity": math.exp(self.in_domain),
            "lm_weight": self.weight,
        }


def excess(
    firsts: Sequence[str], in_domain: Sequence[str], order: int, rng: np.random.Generator
) -> Excess | None:
    """Compare first hypotheses with in-domain texts, both as a language model reads them.

    None where there is nothing to compare. Trains a model without each fifth of the in-domain
    texts, of 5,000 at most.
    """
    texts = sample_items(in_domain, _TEXTS, rng)
    fold = folds(texts, rng)
    if not firsts or not fold.any():
        return None
    own, others = [], []
    for held in range(int(fold.max()) + 1):
        rest = [text for text, other in zip(texts, fold, strict=True) if other != held]
        with closing(KneserNey(order=order).fit(rest)) as model:
            own.append(model.text_scores([texts[place] for place in np.flatnonzero(fold == held)]))
            others.append(model.text_scores(firsts))
    (inside, inside_error), (first, first_error) = map(_surprise, (own, others))
    return Excess(first, inside, math.hypot(inside_error, first_error))


def _surprise(found: Sequence[TextScores]) -> tuple[float, float]:
    """Nats a word or sentence end, and the standard error over texts."""
    nats = -np.concatenate([each.log_probs for each in found]) * math.log(10)
    events: NDArray[np.int64] = np.concatenate([each.words for each in found]) + 1
    rate, total = nats.sum() / events.sum(), events.sum()
    return float(rate), float(np.sqrt(((nats - rate * events) ** 2).sum()) / total)

"""Fit a linear chain to tagged texts, by CRFsuite (python-crfsuite, the extra `slots`)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataselect.errors import OptionError
from dataselect.models.slot_tagger.linear_chain import Transitions

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

ITERATIONS = 80
# Penalties of the sums of absolute and of squared weights. On SNIPS and ATIS with 5, 10 and 20
# texts an intent, squares alone (0.1) make 2 to 5 more texts in a hundred wrong.
_PARAMETERS = {
    "c1": 0.05,
    "c2": 0.05,
    "max_iterations": ITERATIONS,
    "feature.possible_transitions": True,
}


class Chain(NamedTuple):
    """Log-weights: `weights` (f, 2 S + 1) of features for tags, and those of transitions."""

    weights: NDArray[np.float32]
    transitions: Transitions


def require_crfsuite() -> Any:
    """The library. Raises OptionError where it is not installed."""
    try:
        import pycrfsuite
    except ImportError:
        raise OptionError("slots are learnt by a package; pip install python-crfsuite") from None
    return pycrfsuite


def fit(
    rows: csr_array,
    bounds: NDArray[np.intp],
    tags: NDArray[np.intp],
    slots: int,
    advance: Callable[[int], None],
) -> Chain:
    """Learn from texts: text i has the `rows` and `tags` from `bounds[i]` to `bounds[i + 1]`.

    Tags as those of `linear_chain.best_paths`, of so many slots. `advance` hears of iterations.
    """
    crfsuite = require_crfsuite()

    class Trainer(crfsuite.Trainer):  # type: ignore[misc,name-defined]  # it has no types
        def message(self, text: str) -> None:
            advance(text.startswith("***** Iteration"))

    trainer = Trainer(verbose=False, params=_PARAMETERS)
    columns, starts = rows.indices.tolist(), rows.indptr.tolist()
    names, labels = [str(column) for column in range(rows.shape[1])], list(map(str, tags.tolist()))
    ends = bounds.tolist()
    for first, end in pairwise(ends):
        if first < end:
            tokens = [
                [names[column] for column in columns[starts[token] : starts[token + 1]]]
                for token in range(first, end)
            ]
            trainer.append(crfsuite.ItemSequence(tokens), labels[first:end])
    with tempfile.NamedTemporaryFile(prefix="dataselect") as file:
        trainer.train(file.name)
        tagger = crfsuite.Tagger()
        tagger.open(file.name)
        learnt = tagger.info()
        tagger.close()
    return _chain(learnt, rows.shape[1], slots)


def _chain(learnt: Any, features: int, slots: int) -> Chain:
    """The weights of a CRFsuite model whose attributes and labels are numbers."""
    weights = np.zeros((features, 2 * slots + 1), np.float32)
    for (column, tag), weight in learnt.state_features.items():
        weights[int(column), int(tag)] = weight
    between = np.zeros((2 * slots + 1, 2 * slots + 1), np.float32)
    for (before, after), weight in learnt.transitions.items():
        between[int(before), int(after)] = weight
    begin, inside = 1 + np.arange(slots), 1 + slots + np.arange(slots)
    go_on = np.stack((between[begin, inside], between[inside, inside]))
    return Chain(weights, Transitions(between[:, : slots + 1].copy(), go_on))

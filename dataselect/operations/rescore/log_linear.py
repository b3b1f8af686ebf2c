"""Log-linear models that pick one hypothesis of an n-best list."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data.files.chunks import read_whole
from dataselect.documents import Between, parsed, typed
from dataselect.errors import InputError
from dataselect.models.language_model.scoring.language_model import LanguageModel, TextScores
from dataselect.models.normalization import Normalization, Punctuation
from dataselect.operations.rescore.nbest import Hypotheses, NBest, NBestField, candidates

SCORE, LM, WORDS, OOV = "score", "lm", "words", "oov"
OWN = (SCORE, LM, WORDS, OOV)
"""Features that every model has; any other is a number of the hypotheses."""

_LARGEST_WEIGHT = 1e6

LEAST_LM_WEIGHT = 0.3
"""By default, where nothing is known of the lists: it helped or hardly harmed on all of ours."""
_FORMAT = "dataselect rescore 1"
_UNKNOWN_WORD = "\ue000"  # of Unicode's private use: no language model has it
_WORD = re.compile(r"[^ \t\n\v\f\r\0]+")  # as language models split
_NOISE = 1e-9  # a spread this small beside the values is rounding

Floats = NDArray[np.float64]


class Featured(NamedTuple):
    """The hypotheses that may win, h in all, with (h, f) features and what the LM said of them."""

    candidates: Hypotheses
    features: Floats
    scored: TextScores


@dataclass(frozen=True)
class LogLinear:
    """A weighted sum of features: of `weights`, by name.

    `score` is the list's own, called `score_name` there; `lm` the natural log-probability with the
    sentence end, divided by `words` + 1 if `length_normalised`; `words` and `oov` are counts of
    the normalised text. If `standardised`, each feature is taken in standard deviations from its
    mean over the list, so that weights do not hang on the scale of the scores.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: {SCORE: 1.0, LM: LEAST_LM_WEIGHT, WORDS: 0.0, OOV: 0.0}
    )
    length_normalised: bool = False
    standardised: bool = False
    normalization: Normalization = field(default_factory=Normalization)
    score_name: str = SCORE

    @classmethod
    def by_default(cls, normalization: Normalization, score_name: str = SCORE) -> LogLinear:
        """What is safe to use where nobody tuned: the list's own order counts most."""
        return cls(
            length_normalised=True,
            standardised=True,
            normalization=normalization,
            score_name=score_name,
        )

    def nbest_field(self, path: str) -> NBestField:
        """The lists that the model reads; the score is not needed if its weight is 0."""
        score = (
            "name the score with --score-name, or do without: --lm-weight 1 --score-weight 0, or "
            "--tune with --score-weight 0"
        )
        numbers = {} if self.source(SCORE) is None else {self.score_name: score}
        others = [name for name in self.weights if name not in OWN]
        return NBestField(
            path, {**numbers, **dict.fromkeys(others, "add it, or leave --feature out")}
        )

    def source(self, name: str) -> str | None:
        """What a feature is called in a hypothesis, None where the model does not read it."""
        if name == SCORE:
            return self.score_name if self.weights.get(SCORE) else None
        return name

    def features(self, lists: Sequence[NBest], nbest: NBestField, lm: LanguageModel) -> Featured:
        """Lay out lists; features are in the order of `weights`."""
        found = candidates(lists, nbest, self.normalization)
        scored = lm.text_scores(self.readable(found.normalized))
        log_probs = scored.log_probs * math.log(10)
        columns = {
            LM: log_probs / (scored.words + 1) if self.length_normalised else log_probs,
            WORDS: scored.words,
            OOV: scored.oov,
        }
        for name in self.weights.keys() - columns.keys():
            source = self.source(name)
            columns[name] = np.zeros(len(log_probs)) if source is None else found.values[source]
        features = np.stack([columns[name] for name in self.weights], axis=1).astype(np.float64)
        if self.standardised:
            features = standardised(features, found.sizes)
        return Featured(found, features, scored)

    def readable(self, texts: Sequence[str]) -> Sequence[str]:
        """Texts as the language model may have them: the unknown token is no word it knows."""
        token = self.normalization.composed_unknown
        if token is None:
            return texts
        return [
            _WORD.sub(lambda word: _UNKNOWN_WORD if word[0] == token else word[0], text)
            if token in text
            else text
            for text in texts
        ]

    def totals(self, features: Floats) -> Floats:
        """(h,) weighted sums of (h, f) features.

        Added column by column: a matrix product may round a row differently in another batch.
        """
        totals = np.zeros(len(features))
        for weight, column in zip(self.weights.values(), features.T, strict=True):
            totals += weight * column
        return totals

    def as_json(self) -> dict[str, Any]:
        return {
            "weights": dict(self.weights),
            "score_name": self.score_name,
            "length_normalised": self.length_normalised,
            "standardised": self.standardised,
            "normalization": asdict(self.normalization),
        }


def standardised(features: Floats, sizes: NDArray[np.int64]) -> Floats:
    """(h, f) features in standard deviations from the mean of their list; 0 where all are equal."""
    if not len(sizes):
        return features
    starts = np.cumsum(sizes) - sizes
    counts = sizes[:, np.newaxis]
    centred = features - np.repeat(np.add.reduceat(features, starts) / counts, sizes, axis=0)
    deviation = np.sqrt(np.add.reduceat(centred**2, starts) / counts)
    flat = deviation <= _NOISE * np.maximum.reduceat(np.abs(features), starts)
    return np.where(
        np.repeat(flat, sizes, axis=0),
        0.0,
        centred / np.repeat(np.where(flat, 1.0, deviation), sizes, axis=0),
    )


def winners(totals: Floats, sizes: NDArray[np.int64]) -> NDArray[np.intp]:
    """(n,) the place among all candidates of the best one of each list; of equal ones the first."""
    if not len(sizes):
        return np.empty(0, np.intp)
    best = np.maximum.reduceat(totals, np.cumsum(sizes) - sizes)
    hits = np.flatnonzero(totals == np.repeat(best, sizes))
    lists = np.repeat(np.arange(len(sizes)), sizes)[hits]
    return hits[np.searchsorted(lists, np.arange(len(sizes)))]


def dumps(model: LogLinear, figures: Mapping[str, Any]) -> bytes:
    """A model as a file, with what is known of how it was made."""
    return json.dumps({"format": _FORMAT, **model.as_json(), **figures}, indent=2).encode() + b"\n"


def _has_own(weights: dict[str, float]) -> None:
    if not set(OWN) <= weights.keys():
        raise ValueError(f"{', '.join(OWN)} are needed")


class _Normalization(NamedTuple):
    lowercase: bool
    punctuation: Punctuation
    unknown: str | None
    numbers: str | None = None


class _Saved(NamedTuple):
    """What `dumps` writes, as far as it is read again; `lm`: the digest of a language model."""

    format: Literal["dataselect rescore 1"]
    weights: Annotated[
        dict[str, Annotated[float, Between(-_LARGEST_WEIGHT, _LARGEST_WEIGHT)]], _has_own
    ]
    score_name: str
    length_normalised: bool
    standardised: bool
    normalization: _Normalization
    lm: str | None = None


def load(path: str) -> tuple[LogLinear, str | None]:
    """A saved model, and the digest of the language model it was tuned with.

    Raises InputError if it is not one.
    """
    try:
        saved = typed(_Saved, parsed(read_whole(path)))
        normalization = Normalization(*saved.normalization)
    except ValueError as error:
        raise InputError(
            f"{path}: not weights that rescore can use ({error}); save them anew with "
            "--save-weights"
        ) from None
    model = LogLinear(
        saved.weights,
        saved.length_normalised,
        saved.standardised,
        normalization,
        saved.score_name,
    )
    return model, saved.lm


def sound(weights: Iterable[float]) -> bool:
    """Whether weights can be added up: they are numbers of up to a million."""
    return all(abs(weight) <= _LARGEST_WEIGHT for weight in weights)


def reweighted(model: LogLinear, weights: Floats) -> LogLinear:
    """The same model with other weights, (f,) in the same order; 0 for a score that is not read."""
    given = dict(zip(model.weights, weights.tolist(), strict=True))
    return replace(
        model,
        weights={name: 0.0 if model.source(name) is None else each for name, each in given.items()},
    )

"""Relevance: logistic regression on n-grams, in-domain text against a background.

After Cho et al. (2019): each n-gram has a score, learnt from the annotated utterances of a new
intent, and an utterance's relevance aggregates the scores of its n-grams.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, NamedTuple, TypedDict, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from dataselect.data.records import Column, Fields, numbers, text
from dataselect.documents import Between, typed
from dataselect.execution.scorer import FittedScorer, Scores
from dataselect.models import archive
from dataselect.models.ngrams import Analyzer, Ngrams
from dataselect.operations.relevance.logistic_regression import Sigmoid
from dataselect.operations.relevance.weights import Aggregation, NgramWeights, divisors

_FORMAT = archive.Format("relevance", 1)
_MOST_BITS = 30
ONE_SET = ""

# Length explains a ranking when it orders texts nearly as the score does, or separates the two
# sides nearly as well.
_LENGTH_CORRELATION = 0.8
_LENGTH_AUC_MARGIN = 0.02
_LONG_WORD = 12  # characters to a word, spaces counted: 5 to 8 in European languages and Hindi


class NgramEvidence(NamedTuple):
    """Why a text is relevant: its log-odds are the sum of `shares` and the `offset`.

    `shares`: each n-gram, the best first, to its weight times its occurrences, times the `slope` of
    the sigmoid, through the `divisor` of the aggregation. `weights` are as they were learnt, 0 for
    n-grams that training never saw.
    """

    shares: dict[str, float]
    weights: dict[str, float]
    divisor: float
    slope: float
    offset: float


_Steep = Annotated[float, Between(-1e9, 1e9)]


class _SetFigures(TypedDict):
    auc: float
    length_auc: float
    score_length_correlation: float


class _Figures(TypedDict):
    """What `_doubts` goes by; the rest is for people."""

    held_out: bool
    word_length: float | None
    sets: dict[str, _SetFigures]


class _About(NamedTuple):
    """The part of a saved model that is JSON."""

    names: tuple[str, ...]
    order: Annotated[int, Between(1, 9)]
    analyzer: Analyzer
    lowercase: bool
    bits: Annotated[int, Between(1, _MOST_BITS)]
    aggregation: Aggregation
    sigmoids: tuple[tuple[_Steep, _Steep], ...]
    figures: _Figures


@dataclass(frozen=True)
class Relevance(FittedScorer):
    """Probability that a text is in-domain, were both sides equally frequent.

    With several in-domain sets, `names`, each has its own weights and sigmoid; the best one's
    probability is the relevance. `held_out` (h,) are relevances of in-domain texts that the
    weights were not learnt from, for `--calibrate`.
    """

    noun: ClassVar[str] = "relevance"
    may_add: ClassVar[tuple[str, ...]] = ("relevance", "relevance_for", "relevance_ngrams")

    names: tuple[str, ...]
    weights: NgramWeights
    aggregation: Aggregation
    sigmoids: tuple[Sigmoid, ...]
    held_out: NDArray[np.float64]
    figures: dict[str, Any] = field(default_factory=dict)
    text_field: str = "text"
    explain: int = 0

    @property
    def columns(self) -> Sequence[Column]:
        """The text."""
        return [text(self.text_field)]

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the sets are
        """`relevance`, and which set it is for where there are several."""
        return ("relevance",) if self.names == (ONE_SET,) else ("relevance", "relevance_for")

    @property
    def has_details(self) -> bool:
        """Whether n-grams are to be explained."""
        return self.explain > 0

    def log_odds(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(K, n) aggregated weights of each text for each in-domain set, before the sigmoid."""
        sums, counts = self.weights.sums(texts)
        return sums / divisors(counts, self.aggregation)

    def relevance(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """(n,) the best probability, and (n,) which set it is for; of equal ones the first."""
        odds = self.log_odds(texts)
        each = np.stack([sigmoid(row) for sigmoid, row in zip(self.sigmoids, odds, strict=True)])
        winners = each.argmax(axis=0)
        return each[winners, np.arange(len(texts))], winners

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        """Score a batch of texts."""
        values, winners = self.relevance(columns[0])
        fields: Fields = {"relevance": numbers(values)}
        if "relevance_for" in self.adds:
            names = [orjson.dumps(name) for name in self.names]
            fields["relevance_for"] = [names[winner] for winner in winners.tolist()]
        return Scores(values, fields)

    def details(self, columns: Sequence[list[Any]]) -> Fields:
        """`relevance_ngrams`: what spoke most for and against each text, with its weight.

        A weight is its n-gram's share of the log-odds, all its occurrences together.
        """
        _, winners = self.relevance(columns[0])
        rows = zip(columns[0], winners.tolist(), strict=True)
        return {"relevance_ngrams": [orjson.dumps(self._spoken(*row)) for row in rows]}

    def _spoken(self, value: str, which: int) -> dict[str, list[tuple[str, float]]]:
        shares = self.evidence(value, which).shares
        rounded = [(ngram, round(share, 4)) for ngram, share in shares.items()]
        return {
            "for": [item for item in rounded if item[1] > 0][: self.explain],
            "against": [item for item in reversed(rounded) if item[1] < 0][: self.explain],
        }

    def evidence(self, value: str, which: int) -> NgramEvidence:
        """What each n-gram of a text says for one in-domain set."""
        found = self.weights.ngrams.strings(value)
        buckets = np.array([bucket for bucket, _ in found], np.intp)
        own = self.weights.of_buckets(buckets)[which].tolist()
        divisor = float(divisors(np.array([len(found)]), self.aggregation)[0])
        sigmoid = self.sigmoids[which]
        weights = {ngram: weight for (_, ngram), weight in zip(found, own, strict=True)}
        counts = Counter(ngram for _, ngram in found)
        shares = {
            ngram: counts[ngram] * weight * (sigmoid.slope / divisor)
            for ngram, weight in weights.items()
        }
        ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        return NgramEvidence(dict(ranked), weights, divisor, sigmoid.slope, sigmoid.offset)

    def warnings(self) -> list[str]:
        """Doubts about what was learnt, such as a ranking that only follows length."""
        return _doubts(self.figures)

    def describe(self) -> dict[str, Any]:
        """Options and figures of the fit for the run report."""
        ngrams = self.weights.ngrams
        return {
            "signature": {
                "sets": len(self.names),
                "ngrams": ngrams.order,
                "analyzer": ngrams.analyzer,
                "case": "lower" if ngrams.lowercase else "kept",
                "aggregate": self.aggregation,
                "model": self.digest()[:12],
            },
            "model_sha256": self.digest(),
            **self.figures,
            "fit_warnings": self.warnings(),
        }

    def digest(self) -> str:
        """SHA-256 of the saved model."""
        return hashlib.sha256(self.dumps()).hexdigest()

    def dumps(self) -> bytes:
        """The model as bytes, always the same: see `archive.dumps`."""
        about = {
            "names": self.names,
            "order": self.weights.ngrams.order,
            "analyzer": self.weights.ngrams.analyzer,
            "lowercase": self.weights.ngrams.lowercase,
            "bits": self.weights.ngrams.bits,
            "aggregation": self.aggregation,
            "sigmoids": [(sigmoid.slope, sigmoid.offset) for sigmoid in self.sigmoids],
            "figures": self.figures,
        }
        arrays: dict[str, NDArray[Any]] = {
            "buckets": self.weights.buckets.astype(np.int64),
            "fixed": self.weights.fixed,
            "held_out": self.held_out,
        }
        return archive.dumps(_FORMAT, about, arrays)

    @classmethod
    def load(cls, path: str, *, text_field: str = "text", explain: int = 0) -> Relevance:
        """Read a model from a file. Raises InputError if it is not one."""
        model = archive.load(path, _FORMAT, cls._restore)
        return replace(model, text_field=text_field, explain=explain)

    @classmethod
    def _restore(cls, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Relevance:
        """The model of what `dumps` put into an archive. Raises what `archive.load` reports."""
        told = typed(_About, about)
        ngrams = Ngrams(told.order, told.analyzer, told.lowercase, told.bits)
        model = cls(
            names=told.names,
            weights=NgramWeights(ngrams, arrays["buckets"], arrays["fixed"]),
            aggregation=told.aggregation,
            sigmoids=tuple(Sigmoid(*each) for each in told.sigmoids),
            held_out=arrays["held_out"],
            figures=cast("dict[str, Any]", told.figures),
        )
        model._check()
        return model

    def _check(self) -> None:
        """Raise ValueError for arrays that would fail, or mislead, in scoring."""
        ngrams, weights, sets = self.weights.ngrams, self.weights, len(self.names)
        held_out = self.held_out
        sound = {
            "sets": len(set(self.names)) == sets > 0
            and self.figures["sets"].keys() == set(self.names),
            "sigmoids": len(self.sigmoids) == sets,
            "weights": weights.fixed.shape == (sets, len(weights.buckets))
            and weights.fixed.dtype == np.int32,
            "buckets": weights.buckets.ndim == 1
            and weights.buckets.dtype == np.int64
            and bool((np.diff(weights.buckets, prepend=-1) > 0).all())
            and bool((weights.buckets < 1 << ngrams.bits).all()),
            "held-out scores": held_out.ndim == 1
            and held_out.dtype == np.float64
            and bool(((held_out >= 0) & (held_out <= 1)).all()),
        }
        wrong = [name for name, is_sound in sound.items() if not is_sound]
        if wrong:
            raise ValueError(f"its {wrong[0]} make no sense")

    @classmethod
    def fit(
        cls,
        in_domain: Mapping[str, Sequence[str]],
        background: Sequence[str],
        *,
        ngrams: Ngrams | None = None,
        aggregation: Aggregation = "sqrt",
        rng: np.random.Generator | None = None,
        text_field: str = "text",
        explain: int = 0,
    ) -> Relevance:
        """Learn from in-domain texts, by set name, and background texts.

        >>> model = Relevance.fit({"": ["play adele", "play some jazz"]}, ["it rained", "we left"])
        >>> float(model.relevance(["play the beatles"])[0][0]) > 0.5
        True

        Raises InputError if either side has no text.
        """
        from dataselect.operations.relevance.discriminant_training import (
            contrast,  # brings scikit-learn
        )

        learnt = contrast(
            in_domain,
            background,
            ngrams or Ngrams(),
            aggregation,
            rng or np.random.default_rng(0),
        )
        return cls(
            names=tuple(in_domain),
            weights=learnt.weights,
            aggregation=aggregation,
            sigmoids=learnt.sigmoids,
            held_out=learnt.held_out,
            figures=learnt.figures,
            text_field=text_field,
            explain=explain,
        )


def _doubts(figures: dict[str, Any]) -> list[str]:
    """What a person should know before trusting the scores."""
    found = []
    if not figures["held_out"]:
        found.append(
            "a single in-domain text leaves nothing to hold out: the figures and probabilities "
            "are those of the training text"
        )
    if (figures["word_length"] or 0) > _LONG_WORD:
        found.append(
            f"the in-domain text has {figures['word_length']:.0f} characters to a word; "
            "if it is written without spaces, use --analyzer char"
        )
    background = figures.get("background", {})
    copied = background.get("near_copies_left_out", 0)
    if copied > background.get("texts", 0):
        found.append(
            f"{copied:,} of {copied + background['texts']:,} background texts are near-copies of "
            "in-domain text, and left out; the background, or the input that it is drawn from, "
            "should be other text"
        )
    for name, figure in figures["sets"].items():
        of = f" of '{name}'" if name else ""
        if figure["auc"] <= figure["length_auc"] + _LENGTH_AUC_MARGIN:
            found.append(
                f"length alone tells the in-domain text{of} apart as well as the score "
                f"(AUC {figure['length_auc']:.2f} against {figure['auc']:.2f})"
            )
        elif abs(figure["score_length_correlation"]) >= _LENGTH_CORRELATION:
            found.append(
                f"the score{of} follows length (rank correlation "
                f"{figure['score_length_correlation']:.2f})"
            )
    return found

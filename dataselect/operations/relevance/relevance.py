"""Relevance: logistic regression on n-grams, in-domain text against a background.

After Cho et al. (2019): each n-gram has a score, learnt from the annotated utterances of a new
intent, and an utterance's relevance aggregates the scores of its n-grams.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    TypedDict,
    cast,
)

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.data.sampling import sample_items
from dataselect.documents import Between, typed
from dataselect.errors import InputError
from dataselect.models import archive
from dataselect.models.fitted_model import FittedModel
from dataselect.models.ngrams.ngrams import Analyzer, Ngrams
from dataselect.models.ngrams.speakers import Speakers, speakers_of
from dataselect.models.platt_scaling import PlattScaling
from dataselect.models.relevance.log_odds import BACKGROUND_SIZE, analyzer_of, log_odds
from dataselect.models.relevance.weights import NgramWeights, divisors
from dataselect.models.text_sequences import as_texts

if TYPE_CHECKING:
    from dataselect.models.text_sequences import Texts
    from dataselect.operations.relevance.scorer import RelevanceScorer
    from dataselect.selection.ranking import Direction

_FORMAT = archive.ArchiveFormat("relevance", 2)
_MOST_BITS = 30
ONE_SET = ""


class NgramEvidence(NamedTuple):
    """Why a text is relevant: its log-odds are the sum of `shares` and the `offset`.

    `shares`: each n-gram, the best first, to its weight times its occurrences, times the `slope` of
    the sigmoid, through the `divisor`. `weights` are as they were learnt, 0 for
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
    sigmoids: tuple[tuple[_Steep, _Steep], ...]
    figures: _Figures


class Relevance(FittedModel):
    """Probability that a text is in-domain rather than background, were both equally frequent.

    A logistic regression on hashed n-grams (Cho et al. 2019), high for good texts. `ngrams` is the
    longest n-gram, of words ("word") or of characters ("char"); "auto" takes characters where the
    in-domain text has a script without spaces. At most 10,000 background texts are drawn. With
    `min_speakers`, n-grams of fewer speakers have no weight. After `fit`: `names_` of the in-domain
    sets, `weights_`, `sigmoids_`, `figures_`, and `held_out_` (h,), probabilities of in-domain
    texts by weights that did not see them, ascending.

    >>> model = Relevance(ngrams=2).fit(["play adele", "play some jazz"], ["it rained", "we left"])
    >>> model.score(["play the beatles", "it left"]).round(1).tolist()
    [1.0, 0.0]
    """

    direction: ClassVar[Direction] = "high"

    names_: tuple[str, ...]
    weights_: NgramWeights
    sigmoids_: tuple[PlattScaling, ...]
    held_out_: NDArray[np.float64]
    figures_: dict[str, Any]

    def __init__(
        self,
        *,
        ngrams: int = 3,
        analyzer: Analyzer | Literal["auto"] = "auto",
        lowercase: bool = True,
        min_speakers: int | None = None,
        seed: int = 0,
    ) -> None:
        self.ngrams, self.analyzer, self.lowercase = ngrams, analyzer, lowercase
        self.min_speakers, self.seed = min_speakers, seed

    def fit(
        self,
        in_domain: Texts | Mapping[str, Texts],
        background: Texts,
        *,
        speakers: Sequence[str] | None = None,
    ) -> Relevance:
        """Learn from in-domain texts, of one set or of several by name, and background texts.

        `speakers`: who said each, first the in-domain texts, then the background; only with
        `min_speakers`. Returns self. Raises InputError if either side has no text.
        """
        if not isinstance(in_domain, Mapping):
            in_domain = {ONE_SET: in_domain}
        sets = {name: as_texts(own, "in_domain") for name, own in in_domain.items()}
        rng = np.random.default_rng(self.seed)
        texts = as_texts(background, "background")
        own = sum(map(len, sets.values()))
        if speakers is not None and len(speakers) != own + len(texts):
            what = f"{len(speakers)} speakers of {own + len(texts)} texts"
            raise InputError(f"{what}; give each its own, in-domain texts first")
        said_by = speakers_of(None if speakers is None else speakers[:own], self.min_speakers)
        if said_by is None or speakers is None:
            return self.fit_sampled(sets, sample_items(texts, BACKGROUND_SIZE, rng), rng)
        pairs = list(zip(texts, speakers[own:], strict=True))
        drawn = sample_items(pairs, BACKGROUND_SIZE, rng)
        said_by.add(speaker for _, speaker in drawn)
        return self.fit_sampled(sets, [text for text, _ in drawn], rng, speakers=said_by)

    def fit_sampled(
        self,
        in_domain: Mapping[str, Sequence[str]],
        background: Sequence[str],
        rng: np.random.Generator,
        report: Report = unreported,
        speakers: Speakers | None = None,
    ) -> Relevance:
        """As `fit`, of a background that `rng` drew already."""
        from dataselect.models.relevance.discriminant_training import (
            discriminants,  # brings scikit-learn
        )

        ngrams = Ngrams(self.ngrams, self._analyzer(in_domain), self.lowercase)
        learnt = discriminants(in_domain, background, ngrams, rng, report, speakers)
        self.names_ = tuple(in_domain)
        self.weights_, self.sigmoids_ = learnt.weights, learnt.sigmoids
        self.held_out_, self.figures_ = learnt.held_out, learnt.figures
        return self

    def _analyzer(self, in_domain: Mapping[str, Sequence[str]]) -> Analyzer:
        if self.analyzer != "auto":
            return self.analyzer
        return analyzer_of([text for own in in_domain.values() for text in own])

    def score(self, texts: Texts) -> NDArray[np.float64]:
        """(n,) the probability of each text, that of its best set where there are several."""
        return self.relevance(as_texts(texts))[0]

    def record_scorer(self, *, text_field: str = "text", explain: int = 0) -> RelevanceScorer:
        """What scores records of files: see `select_file`."""
        from dataselect.operations.relevance.scorer import RelevanceScorer

        return RelevanceScorer(self, text_field, explain)

    def log_odds(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(K, n) aggregated weights of each text for each in-domain set, before the sigmoid."""
        return log_odds(self.weights_, texts)

    def relevance(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """(n,) the best probability, and (n,) which set it is for; of equal ones the first."""
        odds = self.log_odds(texts)
        if len(odds) == 1:
            return self.sigmoids_[0](odds[0]), np.zeros(len(texts), np.intp)
        each = np.stack([sigmoid(row) for sigmoid, row in zip(self.sigmoids_, odds, strict=True)])
        winners = each.argmax(axis=0)
        return each[winners, np.arange(len(texts))], winners

    def evidence(self, value: str, which: int) -> NgramEvidence:
        """What each n-gram of a text says for one in-domain set."""
        found = self.weights_.ngrams.strings(value)
        buckets = np.array([bucket for bucket, _ in found], np.intp)
        own = self.weights_.of_buckets(buckets)[which].tolist()
        tokens = len(self.weights_.ngrams.tokens([value]).hashes)
        divisor = float(divisors(np.array([tokens]))[0])
        sigmoid = self.sigmoids_[which]
        weights = {ngram: weight for (_, ngram), weight in zip(found, own, strict=True)}
        counts = Counter(ngram for _, ngram in found)
        shares = {
            ngram: counts[ngram] * weight * (sigmoid.slope / divisor)
            for ngram, weight in weights.items()
        }
        ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        return NgramEvidence(dict(ranked), weights, divisor, sigmoid.slope, sigmoid.offset)

    def digest(self) -> str:
        return hashlib.sha256(self.dumps()).hexdigest()

    def dumps(self) -> bytes:
        """The model as bytes, always the same: see `archive.dumps`."""
        about = {
            "names": self.names_,
            "order": self.weights_.ngrams.order,
            "analyzer": self.weights_.ngrams.analyzer,
            "lowercase": self.weights_.ngrams.lowercase,
            "bits": self.weights_.ngrams.bits,
            "sigmoids": [(sigmoid.slope, sigmoid.offset) for sigmoid in self.sigmoids_],
            "figures": self.figures_,
        }
        arrays: dict[str, NDArray[Any]] = {
            "buckets": self.weights_.buckets.astype(np.int64),
            "fixed": self.weights_.fixed,
            "held_out": self.held_out_,
        }
        return archive.dumps(_FORMAT, about, arrays)

    @classmethod
    def load(cls, path: str) -> Relevance:
        """Read a model from a file. Raises InputError if it is not one."""
        return archive.load(path, _FORMAT, cls._restore)

    @classmethod
    def _restore(cls, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Relevance:
        """The model of what `dumps` put into an archive. Raises what `archive.load` reports."""
        told = typed(_About, about)
        model = cls(
            ngrams=told.order,
            analyzer=told.analyzer,
            lowercase=told.lowercase,
        )
        ngrams = Ngrams(told.order, told.analyzer, told.lowercase, told.bits)
        model.names_ = told.names
        model.weights_ = NgramWeights(ngrams, arrays["buckets"], arrays["fixed"])
        model.sigmoids_ = tuple(PlattScaling(*each) for each in told.sigmoids)
        model.held_out_ = arrays["held_out"]
        model.figures_ = cast("dict[str, Any]", told.figures)
        model._check()
        return model

    def _check(self) -> None:
        """Raise ValueError for arrays that would fail, or mislead, in scoring."""
        ngrams, weights, sets = self.weights_.ngrams, self.weights_, len(self.names_)
        held_out = self.held_out_
        sound = {
            "sets": len(set(self.names_)) == sets > 0
            and self.figures_["sets"].keys() == set(self.names_),
            "sigmoids": len(self.sigmoids_) == sets,
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

"""An intent classifier as it is used and saved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.data.sampling import sample_items
from dataselect.documents import Between, Count, typed
from dataselect.errors import InputError
from dataselect.models import archive
from dataselect.models.encoders.base import Encoder, described
from dataselect.models.fitted_model import FittedModel
from dataselect.models.intent_classifier.features import NgramView, View
from dataselect.models.intent_classifier.self_training import ROUNDS
from dataselect.models.intent_classifier.soft_regression import MultinomialWeights
from dataselect.models.intent_classifier.temperature import label_log_probs
from dataselect.models.intent_classifier.vector_views import EncoderView, JoinedView, WordVectors
from dataselect.models.text_sequences import as_texts

if TYPE_CHECKING:
    from dataselect.models.text_sequences import Texts

OTHER = "other"
BACKGROUND_SIZE, POOL_SIZE = 5_000, 10_000  # texts that are drawn
VECTOR_TEXTS = 1_000_000  # likewise, to learn word vectors from: 25 s, 0.8 GB
FORMAT = archive.ArchiveFormat("label", 3)
_DECIMALS = 6
_LARGEST = 1e9  # of weights: sums of such numbers are finite


Weights = Sequence[float] | NDArray[np.number[Any]]
OpenEncoder = Callable[[Mapping[str, Any]], Encoder]
"""Makes the encoder that a model was trained with, from its description."""


class _View(TypedDict):
    kind: str


class _Figures(TypedDict, total=False):
    warnings: list[str]


class _About(NamedTuple):
    """The part of a saved model that is JSON."""

    names: tuple[str, ...]
    label_of_class: list[Count]
    view: _View
    temperature: Annotated[float, Between(1e-6, 1e6)]
    figures: _Figures


class IntentClassifier(FittedModel):
    """The most probable intent of a text, by logistic regression with self-training.

    It sees n-grams, and the mean of word vectors that are learnt on the spot (unless `no_vectors`),
    or the vectors of an `encoder` instead. `rounds` of self-training on the pool; at most 5,000
    texts are drawn of a background, 10,000 of a pool, and a million to learn word vectors from.
    `uncalibrated`: do not learn from held-out texts how sure to be, nor whether the pool helps,
    which is most of the work; without, a pool that does not help is left alone.
    After `fit`: `names_` (a,) of the intents, sorted, with "other" where it learnt from a
    background or from labels of that name; `label_of_class_` (k,), which of them each class
    of `linear_` is of; `view_`, `temperature_`, `figures_`.

    >>> music, rain = ["play adele", "play some jazz"], ["will it rain", "is rain near"]
    >>> model = IntentClassifier().fit(music + rain, ["music"] * 2 + ["weather"] * 2)
    >>> model.predict(["play it", "rain now"]).tolist()
    ['music', 'weather']
    """

    direction: ClassVar[str] = "high"

    names_: tuple[str, ...]
    label_of_class_: NDArray[np.intp]
    view_: View
    linear_: MultinomialWeights
    temperature_: float
    figures_: dict[str, Any]

    def __init__(
        self,
        *,
        rounds: int = ROUNDS,
        uncalibrated: bool = False,
        encoder: Encoder | None = None,
        no_vectors: bool = False,
        seed: int = 0,
    ) -> None:
        self.rounds, self.uncalibrated = rounds, uncalibrated
        self.encoder, self.no_vectors, self.seed = encoder, no_vectors, seed

    def fit(
        self,
        texts: Texts,
        intents: Texts,
        *,
        background: Texts = (),
        pool: Texts = (),
        pool_weights: Weights | None = None,
        unfiltered: Texts | WordVectors = (),
    ) -> IntentClassifier:
        """Learn from labelled texts, and from the pool in rounds of self-training.

        `background`: texts that are none of the intents. `pool_weights`: how many texts each one of
        the pool counts as, 1 by default. `unfiltered`: the pool before it was filtered; word
        vectors are learnt from up to a million of its texts instead of the pool's; or word vectors
        that `WordVectors.learn` made before. Returns self. Raises InputError where there are fewer
        than two things to tell apart.
        """
        known, names = as_texts(texts), as_texts(intents, "intents")
        if len(known) != len(names):
            raise InputError(f"intents: {len(names):,} for {len(known):,} texts")
        rng = np.random.default_rng(self.seed)
        others = as_texts(background, "background")
        others = sample_items(others, BACKGROUND_SIZE, rng) if others else others
        raw: Sequence[str] | WordVectors
        if isinstance(unfiltered, WordVectors):
            raw = unfiltered
        else:
            raw = as_texts(unfiltered, "unfiltered")
            raw = sample_items(raw, VECTOR_TEXTS, rng) if raw else raw
        own = as_texts(pool, "pool") if self.rounds else []
        weights = _positive(pool_weights, len(own)) if self.rounds else np.empty(0)
        read = sample_items(range(len(own)), VECTOR_TEXTS, rng)
        learnt = sample_items(read, POOL_SIZE, rng)
        return self.fit_sampled(
            known,
            names,
            others,
            [own[place] for place in learnt],
            rng,
            pool_weights=weights[learnt],
            unfiltered=raw or [own[place] for place in read],
        )

    def fit_sampled(
        self,
        texts: Sequence[str],
        intents: Sequence[str],
        background: Sequence[str],
        pool: Sequence[str],
        rng: np.random.Generator,
        report: Report = unreported,
        *,
        pool_weights: NDArray[np.float64] | None = None,
        unfiltered: Sequence[str] | WordVectors = (),
    ) -> IntentClassifier:
        """As `fit`, of texts that `rng` drew already."""
        from dataselect.models.intent_classifier.classifier_training import train

        weights = np.ones(len(pool)) if pool_weights is None else pool_weights
        train(self, texts, intents, background, pool, weights, unfiltered, rng, report)
        return self

    def predict(self, texts: Texts) -> NDArray[np.object_]:
        """(n,) the most probable intent of each text."""
        found: NDArray[np.object_] = np.array(self.names_, object)[self.label(as_texts(texts))[0]]
        return found

    def score(self, texts: Texts) -> NDArray[np.float64]:
        return self.label(as_texts(texts))[1]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n, a) the probability of each of `names_`; a text's do not depend on the other texts."""
        odds = self.view_.log_odds(texts, self.linear_)
        return np.exp(label_log_probs(odds, self.label_of_class_, self.temperature_))

    def label(self, texts: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """(n,) the place in `names_` of the most probable intent, and (n,) its probability.

        Of equals the first. Probabilities have 6 decimals.
        """
        each = self.probabilities(texts)
        best = each.argmax(axis=1)
        return best, np.round(each[np.arange(len(texts)), best], _DECIMALS)

    @property
    def learns_vectors(self) -> bool:
        """Whether training begins with word vectors."""
        return not self.no_vectors and self.encoder is None

    @property
    def parallel(self) -> bool:
        """Whether several processes may hold it."""
        return not isinstance(self.view_, EncoderView) or self.view_.encoder.parallel

    def warnings(self) -> list[str]:
        """What a person should know before trusting the labels."""
        return list(self.figures_.get("warnings", []))

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.dumps()).hexdigest()

    def describe(self) -> dict[str, Any]:
        return {"intents": len(self.names_), "model_sha256": self.digest, **self.figures_}

    def dumps(self) -> bytes:
        """The model as bytes; of a neural encoder only how to know it again."""
        return archive.dumps(FORMAT, *self.parts())

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What a saved model holds, JSON and arrays."""
        about = {
            "names": self.names_,
            "label_of_class": self.label_of_class_.tolist(),
            "view": self.view_.about(),
            "temperature": self.temperature_,
            "figures": self.figures_,
        }
        arrays: dict[str, NDArray[Any]] = {
            "weights": self.linear_.weights,
            "offsets": self.linear_.offsets,
            **self.view_.arrays(),
        }
        return about, arrays

    @classmethod
    def load(cls, path: str, open_encoder: OpenEncoder | None = None) -> IntentClassifier:
        """Read a model from a file. Raises InputError if it is not one.

        `open_encoder` makes the encoder that it was trained with, from its description.
        """

        def restored(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> IntentClassifier:
            told = typed(_About, about)
            model = cls()
            model.names_, model.label_of_class_ = told.names, np.array(told.label_of_class, np.intp)
            if told.view["kind"] == EncoderView.kind:
                encoder = (open_encoder or _neural)(described(told.view.get("encoder")))
                model.view_ = EncoderView(encoder)
            elif told.view["kind"] == JoinedView.kind:
                model.view_ = JoinedView.restore(cast("dict[str, Any]", told.view), arrays)
            else:
                model.view_ = NgramView.restore(cast("dict[str, Any]", told.view), arrays)
            model.linear_ = MultinomialWeights(arrays["weights"], arrays["offsets"])
            model.temperature_ = told.temperature
            model.figures_ = cast("dict[str, Any]", told.figures)
            _check(model)
            return model

        return archive.load(path, FORMAT, restored)


def _neural(described: Mapping[str, Any]) -> Encoder:
    from dataselect.models.encoders.sentence_transformer import Neural

    return Neural(described["model"])


def _positive(weights: Weights | None, count: int) -> NDArray[np.float64]:
    """(count,) weights of texts, 1 each by default. Raises InputError where they make no sense."""
    if weights is None:
        return np.ones(count)
    found = np.asarray(weights, np.float64)
    if found.shape != (count,):
        raise InputError(f"pool_weights: {found.size:,} for {count:,} texts of the pool")
    if not (np.isfinite(found) & (found > 0)).all():
        raise InputError("pool_weights: give finite numbers above 0")
    return found


def _check(model: IntentClassifier) -> None:
    """Raise ValueError for values that would fail, or mislead, in use."""
    names, label_of_class, linear = model.names_, model.label_of_class_, model.linear_
    sound = {
        "names": list(names) == sorted(set(names)),
        "classes": sorted(set(label_of_class.tolist())) == list(range(len(names))),
        "weights": linear.weights.shape == (model.view_.width, len(label_of_class))
        and linear.offsets.shape == (len(label_of_class),)
        and linear.weights.dtype == linear.offsets.dtype == np.float32
        and bool(
            (np.abs(linear.weights) <= _LARGEST).all()
            and (np.abs(linear.offsets) <= _LARGEST).all()
        ),
    }
    wrong = [name for name, is_sound in sound.items() if not is_sound]
    if wrong:
        raise ValueError(f"its {wrong[0]} make no sense")

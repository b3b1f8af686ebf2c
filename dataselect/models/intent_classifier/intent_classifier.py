"""A recogniser of intents as it is used and saved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, NamedTuple, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from dataselect.documents import Between, Count, typed
from dataselect.models import archive
from dataselect.models.encoders.base import Encoder, described
from dataselect.models.intent_classifier.features import EncoderView, NgramView, View
from dataselect.models.intent_classifier.soft_regression import MultinomialWeights
from dataselect.models.intent_classifier.temperature import answers

OTHER = "other"
_FORMAT = archive.Format("label", 1)
_DECIMALS = 6
_LARGEST = 1e9  # of weights: sums of such numbers are finite


@dataclass(frozen=True, eq=False)
class IntentClassifier:
    """Tells the intent of a text.

    `names` (a,) are the intents it knows, sorted; "other" is one of them where it learnt from a
    background or from labels of that name. `owners` (k,): which answer each class of `linear`
    belongs to.
    """

    names: tuple[str, ...]
    owners: NDArray[np.intp]
    view: View
    linear: MultinomialWeights
    temperature: float
    figures: dict[str, Any] = field(default_factory=dict)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n, a) the probability of each name; a text's do not depend on the other texts."""
        odds = self.linear(self.view.rows(texts))
        return np.exp(answers(odds, self.owners, self.temperature))

    def label(self, texts: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """(n,) the place in `names` of the most probable intent, and (n,) its probability.

        Of equals the first. Probabilities have 6 decimals.
        """
        each = self.probabilities(texts)
        best = each.argmax(axis=1)
        return best, np.round(each[np.arange(len(texts)), best], _DECIMALS)

    @property
    def parallel(self) -> bool:
        """Whether several processes may hold it."""
        return not isinstance(self.view, EncoderView) or self.view.encoder.parallel

    def warnings(self) -> list[str]:
        """What a person should know before trusting the labels."""
        return list(self.figures.get("warnings", []))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the saved model."""
        return hashlib.sha256(self.dumps()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Intents and figures of the fit, for reports."""
        return {"intents": len(self.names), "model_sha256": self.digest, **self.figures}

    def dumps(self) -> bytes:
        """The model as bytes; of a neural encoder only how to know it again."""
        about = {
            "names": self.names,
            "owners": self.owners.tolist(),
            "view": self.view.about(),
            "temperature": self.temperature,
            "figures": self.figures,
        }
        arrays: dict[str, NDArray[Any]] = {
            "weights": self.linear.weights,
            "offsets": self.linear.offsets,
            **self.view.arrays(),
        }
        return archive.dumps(_FORMAT, about, arrays)


Open = Callable[[Mapping[str, Any]], Encoder]
"""Makes the encoder that a model was trained with, from its description."""


class _View(TypedDict):
    kind: str


class _Figures(TypedDict, total=False):
    warnings: list[str]


class _About(NamedTuple):
    """The part of a saved model that is JSON."""

    names: tuple[str, ...]
    owners: list[Count]
    view: _View
    temperature: Annotated[float, Between(1e-6, 1e6)]
    figures: _Figures


def load(path: str, open_encoder: Open) -> IntentClassifier:
    """Read a recogniser from a file. Raises InputError if it is not one."""

    def restored(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> IntentClassifier:
        told = typed(_About, about)
        view: View = (
            EncoderView(open_encoder(described(told.view.get("encoder"))))
            if told.view["kind"] == EncoderView.kind
            else NgramView.restore(cast("dict[str, Any]", told.view), arrays)
        )
        model = IntentClassifier(
            names=told.names,
            owners=np.array(told.owners, np.intp),
            view=view,
            linear=MultinomialWeights(arrays["weights"], arrays["offsets"]),
            temperature=told.temperature,
            figures=cast("dict[str, Any]", told.figures),
        )
        _check(model)
        return model

    return archive.load(path, _FORMAT, restored)


def _check(model: IntentClassifier) -> None:
    """Raise ValueError for values that would fail, or mislead, in use."""
    names, owners, linear = model.names, model.owners, model.linear
    sound = {
        "names": list(names) == sorted(set(names)),
        "classes": sorted(set(owners.tolist())) == list(range(len(names))),
        "weights": linear.weights.shape == (model.view.width, len(owners))
        and linear.offsets.shape == (len(owners),)
        and linear.weights.dtype == linear.offsets.dtype == np.float32
        and bool(
            (np.abs(linear.weights) <= _LARGEST).all()
            and (np.abs(linear.offsets) <= _LARGEST).all()
        ),
    }
    wrong = [name for name, is_sound in sound.items() if not is_sound]
    if wrong:
        raise ValueError(f"its {wrong[0]} make no sense")

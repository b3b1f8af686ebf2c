"""A slot tagger as a file has it: JSON and arrays, checked when they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypedDict, cast

import numpy as np

from dataselect.documents import Between, Count, typed
from dataselect.models.platt_scaling import PlattScaling
from dataselect.models.slot_tagger.crf_training import Chain
from dataselect.models.slot_tagger.gazetteers import Gazetteer
from dataselect.models.slot_tagger.linear_chain import Transitions
from dataselect.models.slot_tagger.slot_tokens import Tokenizer
from dataselect.models.slot_tagger.token_features import FeatureColumns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.models.slot_tagger.slot_tagger import SlotTagger

_LARGEST, _LARGEST_TRANSITION = 1e6, 300.0  # of weights: sums of products stay finite


class _Scaling(NamedTuple):
    slope: Annotated[float, Between(0.0, 1e3)]
    offset: Annotated[float, Between(-1e3, 1e3)]


class _Figures(TypedDict, total=False):
    warnings: list[str]


class _About(NamedTuple):
    """The part of a saved model that is JSON."""

    names: tuple[str, ...]
    intents: tuple[str, ...]
    features: tuple[str, ...]
    values: dict[str, dict[str, Count]]
    classes: dict[str, list[str]]
    heads: tuple[str, ...]
    tails: tuple[str, ...]
    slot_scaling: _Scaling
    text_scaling: _Scaling
    figures: _Figures


def parts(model: SlotTagger) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What a saved model holds, JSON and arrays."""
    about = {
        "names": model.names_,
        "intents": model.intents_,
        "features": list(model.columns_.places),
        "values": model.gazetteer_.counts,
        "classes": model.classes_,
        "heads": sorted(model.tokenizer_.heads),
        "tails": sorted(model.tokenizer_.tails),
        "slot_scaling": model.slot_scaling_._asdict(),
        "text_scaling": model.text_scaling_._asdict(),
        "figures": model.figures_,
    }
    weights, (enter, inside) = model.chain_
    return about, {"weights": weights, "enter": enter, "inside": inside}


def restore(model: SlotTagger, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Give a model what `parts` told. Raises ValueError, KeyError or TypeError for others."""
    told = typed(_About, {name: about[name] for name in _About._fields})
    model.names_, model.intents_ = told.names, told.intents
    model.tokenizer_ = Tokenizer(frozenset(told.heads), frozenset(told.tails))
    model.gazetteer_ = Gazetteer(told.values)
    model.classes_ = told.classes
    model.columns_ = FeatureColumns(told.features)
    transitions = Transitions(arrays["enter"], arrays["inside"])
    model.chain_ = Chain(arrays["weights"], transitions)
    model.slot_scaling_ = PlattScaling(*told.slot_scaling)
    model.text_scaling_ = PlattScaling(*told.text_scaling)
    model.figures_ = cast("dict[str, Any]", told.figures)
    _check(model, len(told.features))


def _check(model: SlotTagger, features_: int) -> None:
    """Raise ValueError for values that would fail, or mislead, in use."""
    slots, (weights, (enter, inside)) = len(model.names_), model.chain_
    arrays = weights, enter, inside
    shapes = (features_, 2 * slots + 1), (2 * slots + 1, slots + 1), (2, slots)
    most = _LARGEST, _LARGEST_TRANSITION, _LARGEST_TRANSITION
    sound = {
        "names": slots > 0 and list(model.names_) == sorted(set(model.names_)),
        "features": len(model.columns_.places) == features_,
        "values": all(set(own) <= set(model.names_) for own in model.gazetteer_.counts.values()),
        "weights": all(
            each.shape == shape and each.dtype == np.float32 and bool((np.abs(each) <= top).all())
            for each, shape, top in zip(arrays, shapes, most, strict=True)
        ),
    }
    wrong = [name for name, is_sound in sound.items() if not is_sound]
    if wrong:
        raise ValueError(f"its {wrong[0]} make no sense")

"""The model of `label --save-model`: an intent classifier, and a slot tagger where slots are known.

What the file of an intent classifier has, and the tagger's parts under names of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dataselect.models import archive
from dataselect.models.intent_classifier.intent_classifier import FORMAT, IntentClassifier
from dataselect.models.slot_tagger.slot_tagger import SlotTagger

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.models.intent_classifier.intent_classifier import OpenEncoder

_SLOTS = "slots"
_PREFIX = "slots."


def dumps(classifier: IntentClassifier, tagger: SlotTagger | None) -> bytes:
    """Both as the bytes of a file, which `load` reads."""
    if tagger is None:
        return classifier.dumps()
    about, arrays = classifier.parts()
    own_about, own_arrays = tagger.parts()
    renamed = {_PREFIX + name: array for name, array in own_arrays.items()}
    return archive.dumps(FORMAT, {**about, _SLOTS: own_about}, {**arrays, **renamed})


def load(
    path: str, open_encoder: OpenEncoder | None = None
) -> tuple[IntentClassifier, SlotTagger | None]:
    """Read a model from a file. Raises InputError if it is not one.

    `open_encoder` makes the encoder that it was trained with, from its description.
    """
    classifier = IntentClassifier.load(path, open_encoder)
    return classifier, archive.load(path, FORMAT, _tagger)


def _tagger(about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> SlotTagger | None:
    """The slot tagger among the parts of a model. Raises ValueError, KeyError or TypeError."""
    if _SLOTS not in about:
        return None
    own = {
        name.removeprefix(_PREFIX): array
        for name, array in arrays.items()
        if name.startswith(_PREFIX)
    }
    return SlotTagger.restored(about[_SLOTS], own)

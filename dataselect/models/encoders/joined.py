"""Several encoders as one: their unit vectors side by side, each times a weight."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import orjson
from numpy.typing import NDArray

from dataselect.errors import InputError
from dataselect.models.encoders import base
from dataselect.models.encoders.lexical import Lexical
from dataselect.models.encoders.ppmi.ppmi_vectors import PpmiVectors

# Of the 20 nearest texts to one of 38 hidden intents of CLINC150, 83 % are of its intent by word
# vectors alone, 82 % by the lexical encoder alone, 85 % by both with 0.6, 84 % with 0.3.
_LEXICAL_WEIGHT = 0.6


@dataclass(frozen=True, eq=False)
class Joined(base.Encoder):
    """Vectors of all `parts`; `weights` is how long each is beside the others.

    The cosine of two texts is the mean of theirs by the parts, weighted by the squares.
    """

    kind: ClassVar[str] = "joined"

    parts: tuple[base.Encoder, ...]
    weights: tuple[float, ...]

    @property
    def dimension(self) -> int:
        return sum(part.dimension for part in self.parts)

    @property
    def parallel(self) -> bool:  # type: ignore[override]  # known once the parts are
        """Whether several processes may hold all of them."""
        return all(part.parallel for part in self.parts)

    def encode(self, items: Sequence[Any], *, unit: bool = False) -> NDArray[np.float32]:
        weighted = [
            part.encode(items, unit=True) * np.float32(weight)
            for part, weight in zip(self.parts, self.weights, strict=True)
        ]
        vectors = np.hstack(weighted)
        return base.unit(vectors) if unit else vectors

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(orjson.dumps(self.about())).hexdigest()

    def about(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "weights": self.weights,
            "parts": [{**part.about(), "sha256": part.digest} for part in self.parts],
        }

    def describe(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "dimension": self.dimension,
            "sha256": self.digest,
            "parts": [part.describe() for part in self.parts],
        }


def pool_encoder(texts: Sequence[str], rng: np.random.Generator) -> base.Encoder:
    """What is learnt from the texts of a pool: PPMI word vectors beside the lexical encoder.

    The latter alone where texts have one word each. Raises InputError if no text has a word.
    """
    lexical = Lexical.fit(texts, rng=rng)
    try:
        words = PpmiVectors.fit(texts, rng=rng)
    except InputError:
        return lexical
    return Joined((words, lexical), (1.0, _LEXICAL_WEIGHT))

"""Which distance is meant, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from dataselect.errors import OptionError

Rule = Literal["discriminant", "centroid", "logistic"]
SpaceName = Literal["raw", "whitened"]


@dataclass(frozen=True)
class DistanceOptions:
    """What a distance is measured to, and how. Raises OptionError for what makes no sense.

    `discriminant`: squared distance to the in-domain centroid less that to the centroid of the
    corpus, whitened. `centroid`: 1 - cosine to the in-domain centroid, in a `space`. `logistic`:
    minus the log-odds of a logistic regression against the corpus, whitened.

    `discriminant` is the default: over seven tasks with 20 to 500 in-domain sentences its mean
    average precision is the best or within 0.01 of it, with the default encoder and with MiniLM;
    with thousands, `logistic` is as good. `centroid` in raw coordinates, the paper's rule, is near
    chance on some tasks with the default encoder. Several centroids, the nearest in-domain texts
    and other metrics lost, and are gone.
    """

    rule: Rule = "discriminant"
    space: SpaceName | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("rule", Rule), ("space", SpaceName)):
            value = getattr(self, name)
            if value is not None and value not in get_args(allowed):
                raise OptionError(
                    f"--{name} {value} is unknown; use {' or '.join(get_args(allowed))}"
                )
        if self.space is not None and self.rule != "centroid":
            raise OptionError(f"--space has no meaning with --rule {self.rule}; leave it out")

    @property
    def coordinates(self) -> SpaceName:
        """The space in which vectors are compared."""
        return self.space or "whitened"

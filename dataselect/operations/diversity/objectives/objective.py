"""What an objective of greedy selection is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

NOTHING = -1


class NearestPick(NamedTuple):
    """What each of some items is closest to: `similarities` (n,) from 0 to 1, and `places` (n,).

    A place counts labelled texts first, then picks in their order; NOTHING with similarity 0 where
    there is nothing to be like.
    """

    similarities: NDArray[np.float64]
    places: NDArray[np.intp]


class Objective(ABC):
    """What picks among n items are worth, given what is labelled and was picked so far.

    `adds_up`: gains are parts of a whole, so that with a budget gain per cost is what counts.
    """

    adds_up: ClassVar[bool]

    @abstractmethod
    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        """(len(items),) what picking each of some items would be worth now."""

    @abstractmethod
    def nearest(self, items: NDArray[np.intp]) -> NearestPick:
        """What items are closest to, among what is labelled or picked."""

    @abstractmethod
    def add(self, item: int) -> None:
        """Take note of a pick."""


class WatchableObjective(Objective):
    """An objective that computes the gains of the same items again for less than at first."""

    @abstractmethod
    def watch(self, items: NDArray[np.intp]) -> Callable[[], NDArray[np.float64]]:
        """What returns the gains of some items whenever it is called, exactly as `gains` does."""

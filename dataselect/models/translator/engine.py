"""What a translator asks of the library that runs its model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple


@dataclass(frozen=True)
class Search:
    """How hypotheses are found: beam search or, with a `temperature`, sampling.

    Beams are compared by log-probability over pieces to the power of `length_penalty`.
    """

    nbest: int = 5
    beam: int = 5
    length_penalty: float = 1.0
    temperature: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Languages:
    """Codes of the two languages, as a model of many spells them."""

    source: str | None = None
    target: str | None = None


class SourcePieces(NamedTuple):
    """A text as the model reads it: word pieces or their numbers, special ones among them.

    `cut`: whether the text is longer than the model reads.
    """

    text: str
    pieces: tuple[str | int, ...]
    cut: bool


class RawHypothesis(NamedTuple):
    """A hypothesis. `log_prob`: natural, of its `pieces` and the end of the sentence after them."""

    text: str
    pieces: tuple[str, ...]
    log_prob: float


class Engine(ABC):
    """A loaded model."""

    kind: ClassVar[str]
    longest: int
    """Pieces, special ones among them, that are read of a text; of a hypothesis there are fewer."""

    @abstractmethod
    def read(self, text: str) -> SourcePieces:
        """The pieces of a text that is not blank."""

    @abstractmethod
    def search(
        self, sources: Sequence[SourcePieces], search: Search, most: int
    ) -> list[list[RawHypothesis]]:
        """Hypotheses of each source, of at most `most` pieces."""

"""What a rule is: its name, what it needs, how settled it is, and what finds its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.annotations import Slot
    from dataselect.operations.check.checked_corpus import CheckedCorpus

Stability: TypeAlias = Literal["stable", "experimental"]
Need: TypeAlias = Literal["intents", "two intents", "slots", "test"]


class Finding(NamedTuple):
    """A doubt about a record: places are those of the corpus.

    `strength`: about how probable it is that the annotation is wrong. `evidence`: a sentence.
    `intent`, `slots`: what is suggested instead. `conflicts_with`: another record, or one of the
    test set.
    """

    place: int
    strength: float
    evidence: str
    intent: str | None = None
    slots: tuple[Slot, ...] | None = None
    conflicts_with: int | None = None


@dataclass(frozen=True)
class Rule:
    """A way for annotations to be wrong. `name` is what findings and options call it.

    `doubts`: (n,) how doubtful every record is, found or not, which the strength of a finding is
    then. `of_test`: whether `conflicts_with` is a place in the test set.
    """

    name: str
    stability: Stability
    needs: tuple[Need, ...]
    find: Callable[[CheckedCorpus], Iterable[Finding]]
    doubts: Callable[[CheckedCorpus], NDArray[np.float64]] | None = None
    of_test: bool = False

"""What the pipeline asks of a scorer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.fields import Column
    from dataselect.data.json_lines.json_bytes import Fields
    from dataselect.data.json_lines.json_edits import Edits
    from dataselect.selection.ranking import Direction
    from dataselect.selection.reasons import Reason


Remarks = tuple[tuple[str, int], ...]
"""What a person should know of some of the records, and of how many."""


class Scores(NamedTuple):
    """One number a record, (n,) finite float64, and the fields that say so in the output.

    `excluded` (n,) uint8: which of the scorer's `exclusions`, from 1, keeps a record out whatever
    its score, or 0. `order` (n,): records are sorted by it, lowest first, where that is not by
    their score. `edits` (n,): what changes inside of each record, in its place.
    """

    values: NDArray[np.float64]
    fields: Fields
    excluded: NDArray[np.uint8] | None = None
    remarks: Remarks = ()
    order: NDArray[np.float64] | None = None
    edits: Sequence[Edits] | None = None


class Scorer(ABC):
    """Maps a batch of records to one number each; fitted before, and then a pure function.

    A score never depends on the other records of the batch. A scorer is sent to worker processes
    once, by pickle.
    """

    noun: ClassVar[str]
    """The command it serves."""

    @property
    def measure(self) -> str:
        """What people call the score."""
        return self.noun

    @property
    def score_field(self) -> str:
        """Where in its output the score is, dots reach inwards."""
        return self.measure

    text_field: str = "text"
    """Where records have the text that is counted, and told apart by."""

    direction: Direction = "high"
    """Which end of the score is the good one."""

    adds: tuple[str, ...] = ()
    """Names of the fields that `score` adds."""

    removes: tuple[str, ...] = ()
    """Names of top-level fields that records lose."""

    may_add: ClassVar[tuple[str, ...]]
    """Names of all fields that the command adds with whatever options, `dropped` aside.

    Records lose what an earlier run added of them: it would tell of another model. A field whose
    name an option gives is not among them.
    """

    remedy: str = "loosen the selection"
    """What to do where nothing is kept."""

    exclusions: tuple[Reason, ...] = ()
    """Reasons to leave a record out that are not a matter of its score."""

    parallel: bool = True
    """Whether workers may score; else this process does, with the threads of its libraries."""

    block_records: int | None = None
    """Score at most so many records at once, the same ones for any number of workers.

    For models that take long with each, and whose sums depend on the batch.
    """

    @property
    @abstractmethod
    def columns(self) -> Sequence[Column]:
        """The fields that `score` reads, in the order of its argument."""

    @property
    def compared(self) -> Sequence[Column]:
        """Those of the columns by which records are told apart: the texts, all of them in a pair.

        None where it reads no text: then that is the text at `text_field`.
        """
        return [column for column in self.columns if column.is_text]

    @abstractmethod
    def score(self, columns: Sequence[list[Any]]) -> Scores:
        """Score a batch: one list of values a column."""

    def part(self, first: int, records: int) -> Scorer:
        """What it takes to score some records, from the position `first` among all on."""
        return self

    def details(self, columns: Sequence[list[Any]]) -> Fields:
        """Fields that cost time and are therefore added to kept records only."""
        return {}

    @property
    def has_details(self) -> bool:
        """Whether `details` adds anything."""
        return False

    def warnings(self) -> list[str]:
        """What a person should know before trusting the scores."""
        return []

    def remarked(self, remarks: Mapping[str, int]) -> list[str]:
        """What a person should know of the remarks on all records."""
        return [f"{count:,} records {what}" for what, count in sorted(remarks.items())]

    def describe(self) -> dict[str, Any]:
        """What the run report says of the scorer: options, model digest, figures of the fit."""
        return {}

    def describe_remarks(self, remarks: Mapping[str, int]) -> dict[str, Any]:
        """What the run report says of the remarks on all records, beside the warnings."""
        return {}


class FittedScorer(Scorer):
    """A scorer with a model that can be saved."""

    @abstractmethod
    def dumps(self) -> bytes:
        """The model as the bytes of a file, which the class's `load` reads."""

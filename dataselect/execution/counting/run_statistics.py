"""What is counted while records are scored, in a form in which parts of a run are added up."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, cast

from dataselect.documents import Between, Count
from dataselect.execution.counting.counts import Counts
from dataselect.execution.counting.kept_duplicates import KEY_BYTES
from dataselect.selection.histogram import Distribution
from dataselect.selection.ranking import gain
from dataselect.selection.reasons import (
    CountedReason,
    Reason,
    count_documents,
    read_counts,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.selection.apply import Cut
    from dataselect.selection.ranking import Direction


_MOST_KEY = 1 << 19  # of scores: the upper 20 bits of their doubles


def _has_ends(noted: dict[str, Any]) -> None:
    if noted["counts"] and None in (noted["lowest"], noted["highest"]):
        raise ValueError("scores without a lowest and a highest")


def _keys_in_hexadecimal(spelled: str) -> None:
    if len(bytes.fromhex(spelled)) % KEY_BYTES:
        raise ValueError("not keys in hexadecimal digits")


class _DistributionFields(TypedDict):
    counts: list[tuple[Annotated[int, Between(-_MOST_KEY, _MOST_KEY)], Count]]
    lowest: float | None
    highest: float | None


class StatisticsFields(TypedDict):
    """A `RunStatistics` as JSON."""

    counts: Counts
    distribution: Annotated[_DistributionFields, _has_ends]
    remarks: dict[str, Count]
    cut_gain: float | None
    spent: float
    dropped: list[CountedReason]
    digests: dict[str, str]
    first_keys: Annotated[str, _keys_in_hexadecimal]


@dataclass
class RunStatistics:
    """Counts of records, the distribution of their scores, remarks on them, digests of files.

    `cut_gain`: the worst gain that was kept, infinite where nothing was or that is not known yet.
    `spent`: what kept records cost together. `dropped`: why the others were dropped.
    `first_keys`: those of the first kept texts of a shard, where it is written while it is read.
    """

    counts: Counts = field(default_factory=Counts)
    distribution: Distribution = field(default_factory=Distribution)
    remarks: Counter[str] = field(default_factory=Counter)
    cut_gain: float = float("inf")
    spent: float = 0.0
    dropped: Counter[Reason] = field(default_factory=Counter)
    digests: dict[str, str] = field(default_factory=dict)
    first_keys: bytes = b""

    def keep(
        self,
        scores: NDArray[np.float64],
        cut: Cut,
        direction: Direction,
        costs: NDArray[np.float64] | None = None,
    ) -> None:
        """Count what a cut keeps and drops of some records, (n,); `costs` are 1 where None."""
        mask = cut.kept
        kept = scores[mask]
        self.spent += len(kept) if costs is None else float(costs[mask].sum())
        self.dropped.update(cut.counts())
        self.counts.kept += len(kept)
        self.counts.dropped += len(scores) - len(kept)
        if len(kept):
            self.cut_gain = min(self.cut_gain, float(gain(kept, direction).min()))

    def add(self, other: RunStatistics) -> None:
        """Take in that of another shard."""
        for name, count in asdict(other.counts).items():
            setattr(self.counts, name, getattr(self.counts, name) + count)
        self.distribution.merge(other.distribution)
        self.remarks.update(other.remarks)
        self.dropped.update(other.dropped)
        self.spent += other.spent
        self.cut_gain = min(self.cut_gain, other.cut_gain)
        self.digests |= other.digests

    def as_json(self) -> dict[str, Any]:
        """For a note; `of_json` reads it back."""
        return {
            "counts": asdict(self.counts),
            "distribution": self.distribution.as_json(),
            "remarks": dict(self.remarks),
            "cut_gain": self.cut_gain,
            "spent": self.spent,
            "dropped": count_documents(self.dropped),
            "digests": self.digests,
            "first_keys": self.first_keys.hex(),
        }

    @classmethod
    def of_json(cls, noted: StatisticsFields) -> RunStatistics:
        """What `as_json` gave."""
        cut_gain = noted["cut_gain"]
        return cls(
            noted["counts"],
            Distribution.of_json(cast("dict[str, Any]", noted["distribution"])),
            Counter(noted["remarks"]),
            float("inf") if cut_gain is None else cut_gain,
            noted["spent"],
            Counter(read_counts(noted["dropped"])),
            noted["digests"],
            bytes.fromhex(noted["first_keys"]),
        )

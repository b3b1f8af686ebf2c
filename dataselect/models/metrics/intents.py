"""Intent accuracy, macro F1, slot F1 and exact match, of labels instead of texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.models.metrics.base import Metric
from dataselect.versions import signature

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Accuracy(Metric):
    """The share of labels that are right, in percent."""

    name: ClassVar[str] = "accuracy"
    title: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True

    def statistics(
        self, hypotheses: Sequence[Any], references: Sequence[Any]
    ) -> NDArray[np.float64]:
        """(n, 2): whether a label is right, and 1."""
        right = [given == true for given, true in zip(hypotheses, references, strict=True)]
        return np.column_stack((np.array(right, np.float64), np.ones(len(right))))

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """100 times right labels over all."""
        share: NDArray[np.float64] = 100 * sums[..., 0] / np.maximum(sums[..., 1], 1)
        return share

    def counts(self, sums: NDArray[np.float64]) -> dict[str, Any]:
        """Right and wrong labels."""
        right, labels = sums.astype(int).tolist()
        return {"right": right, "wrong": labels - right}

    def segment_counts(self, statistics: Any) -> list[dict[str, int]]:
        """Whether each label is right, and whether it is wrong."""
        return list(map(self.counts, statistics))

    @property
    def signature(self) -> str:
        """Name and version."""
        return signature(self.name, {})


class ExactMatch(Accuracy):
    """The share of records that are right in whole: the intent, and every slot."""

    name: ClassVar[str] = "exact_match"
    title: ClassVar[str] = "exact match"


@dataclass(frozen=True)
class LabelF1(Metric):
    """F1 by counts of each label. `labels` are all that may occur, k of them.

    The statistics (n, 3 k) are sparse: for each label how often it is right, given and true.
    """

    labels: tuple[str, ...]

    higher_is_better: ClassVar[bool] = True
    label_noun: ClassVar[str]

    def _counted(self, *kinds: Sequence[Sequence[str]]) -> csr_array:
        """The statistics, from the labels of each of n segments that are right, given and true."""
        from scipy.sparse import csr_array

        place = {label: i for i, label in enumerate(self.labels)}
        rows = [i for kind in kinds for i, own in enumerate(kind) for _ in own]
        columns = [
            number * len(place) + place[label]
            for number, kind in enumerate(kinds)
            for own in kind
            for label in own
        ]
        shape = (len(kinds[0]), 3 * len(place))
        return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)

    def counts(self, sums: NDArray[np.float64]) -> dict[str, Any]:
        """Precision, recall and F1 of each label in percent, and how many references have it."""
        right, given, true = self._by_kind(sums)
        columns = {
            "precision": 100 * right / np.maximum(given, 1),
            "recall": 100 * right / np.maximum(true, 1),
            "f1": 200 * right / np.maximum(given + true, 1),
            "references": true.astype(int),
        }
        rows = zip(*[column.tolist() for column in columns.values()], strict=True)
        return {
            label: dict(zip(columns, row, strict=True))
            for label, row in zip(self.labels, rows, strict=True)
        }

    def _by_kind(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3, ..., k): how often each label is right, given and true."""
        return np.moveaxis(sums.reshape(*sums.shape[:-1], 3, len(self.labels)), -2, 0)

    @property
    def signature(self) -> str:
        """Name, number of labels and version."""
        return signature(self.name, {"labels": len(self.labels)})


@dataclass(frozen=True)
class MacroF1(LabelF1):
    """The mean over intents of the harmonic mean of precision and recall, in percent.

    Labels that do not occur in a draw, neither as hypothesis nor as reference, do not count in its
    mean.
    """

    name: ClassVar[str] = "macro_f1"
    title: ClassVar[str] = "macro F1"
    label_noun: ClassVar[str] = "intent"

    @classmethod
    def of(cls, *columns: Iterable[str]) -> MacroF1:
        """For the labels that occur in any of some columns."""
        return cls(tuple(sorted(set().union(*columns))))

    def statistics(self, hypotheses: Sequence[str], references: Sequence[str]) -> csr_array:
        """(n, 3 k): for each label whether it is right, the hypothesis, the reference."""
        given, true = [[label] for label in hypotheses], [[label] for label in references]
        right = [own if own == other else [] for own, other in zip(given, true, strict=True)]
        return self._counted(right, given, true)

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """100 times the mean F1 of the labels that occur."""
        right, given, true = self._by_kind(sums)
        occurring = given + true > 0
        scores = 2 * right / np.maximum(given + true, 1)
        mean: NDArray[np.float64] = scores.sum(axis=-1) / np.maximum(occurring.sum(axis=-1), 1)
        return 100 * mean


Span = tuple[str, int, int]
"""A slot, and where it starts and ends."""


@dataclass(frozen=True)
class SlotF1(LabelF1):
    """Micro F1 of slots, in percent: right are those of the same name, start and end.

    Where there are no slots and none are given, it is 100. As in seqeval, its table has precision
    and recall of each name.
    """

    name: ClassVar[str] = "slot_f1"
    title: ClassVar[str] = "slot F1"
    label_noun: ClassVar[str] = "slot"

    @classmethod
    def of(cls, *columns: Iterable[Iterable[Span]]) -> SlotF1:
        """For the slots that occur in any of some columns."""
        return cls(tuple(sorted({span[0] for column in columns for own in column for span in own})))

    def statistics(
        self, hypotheses: Sequence[Iterable[Span]], references: Sequence[Iterable[Span]]
    ) -> csr_array:
        """(n, 3 k): for each slot how often it is right, given and true."""
        given, true = list(map(set, hypotheses)), list(map(set, references))
        right = [own & other for own, other in zip(given, true, strict=True)]
        kinds = [[[span[0] for span in own] for own in kind] for kind in (right, given, true)]
        return self._counted(*kinds)

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """100 times the F1 of all slots together."""
        right, given, true = self._by_kind(sums).sum(axis=-1)
        both = given + true
        score: NDArray[np.float64] = np.where(both > 0, 200 * right / np.maximum(both, 1), 100.0)
        return score

    def segment_counts(self, statistics: Any) -> list[dict[str, int]]:
        """How many slots of each segment are right, given and true."""
        width = len(self.labels)
        kinds = [
            statistics[:, kind * width : (kind + 1) * width].sum(axis=1).astype(int).tolist()
            for kind in range(3)
        ]
        return [
            dict(zip(("right", "given", "true"), row, strict=True))
            for row in zip(*kinds, strict=True)
        ]

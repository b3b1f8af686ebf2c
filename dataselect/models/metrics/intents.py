"""Intent accuracy and macro F1, of labels instead of texts."""

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
        self, hypotheses: Sequence[str], references: Sequence[str]
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

    @property
    def signature(self) -> str:
        """Name and version."""
        return signature(self.name, {})


@dataclass(frozen=True)
class MacroF1(Metric):
    """The mean over labels of the harmonic mean of precision and recall, in percent.

    `labels` are all that may occur, k of them; those that do not occur in a draw, neither as
    hypothesis nor as reference, do not count in its mean. The statistics are sparse: three numbers
    a segment at most.
    """

    labels: tuple[str, ...]

    name: ClassVar[str] = "macro_f1"
    title: ClassVar[str] = "macro F1"
    higher_is_better: ClassVar[bool] = True

    @classmethod
    def of(cls, *columns: Iterable[str]) -> MacroF1:
        """For the labels that occur in any of some columns."""
        return cls(tuple(sorted(set().union(*columns))))

    def statistics(self, hypotheses: Sequence[str], references: Sequence[str]) -> csr_array:
        """(n, 3 k): for each label whether it is right, the hypothesis, the reference."""
        from scipy.sparse import csr_array

        place = {label: i for i, label in enumerate(self.labels)}
        given = np.array([place[label] for label in hypotheses], np.intp)
        true = np.array([place[label] for label in references], np.intp)
        every, right = np.arange(len(true)), np.flatnonzero(given == true)
        rows = np.concatenate((right, every, every))
        columns = np.concatenate((given[right], len(place) + given, 2 * len(place) + true))
        return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(true), 3 * len(place)))

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """100 times the mean F1 of the labels that occur."""
        right, given, true = self._by_kind(sums)
        occurring = given + true > 0
        scores = 2 * right / np.maximum(given + true, 1)
        mean: NDArray[np.float64] = scores.sum(axis=-1) / np.maximum(occurring.sum(axis=-1), 1)
        return 100 * mean

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

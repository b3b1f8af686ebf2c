"""Records as arrays, so that any part of a large pool can be measured."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from dataselect.analysis.evaluate.group_values import group_column
from dataselect.content_keys import content_keys
from dataselect.data.fields import Column
from dataselect.data.json_lines.json_values import encoded
from dataselect.execution.block import cost_column, counted
from dataselect.selection.score_table import Groups

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.models.language_model.corpus import TokenizedCorpus
    from dataselect.models.language_model.vocabulary import Vocabulary


class TextTable(NamedTuple):
    """Some records: texts, what each costs, and its id and label where it has them.

    An id may be any JSON value. `costs` is None where nothing is counted. `groups`: by field, the
    value that each record has.
    """

    texts: Sequence[str]
    costs: Sequence[float] | NDArray[np.float64] | None = None
    ids: Sequence[Any] | None = None
    labels: Sequence[str | None] | None = None
    groups: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True)
class Fields:
    """Where records have what is compared; `cost` is records, words, chars or a field.

    `groups`: fields whose values are the groups that records are of.
    """

    text: str = "text"
    label: str = "intent"
    cost: str = "records"
    groups: tuple[str, ...] = ()

    @property
    def columns(self) -> list[Column]:
        cost = cost_column(self.cost, self.text)
        own = [Column.text(self.text), Column.identity(), _label(self.label)]
        own += map(group_column, self.groups)
        return own if cost is None else [*own, cost]

    def batch(self, columns: Sequence[list[Any]]) -> TextTable:
        """The records of which the columns have these values."""
        texts, ids, labels, *others = columns
        values, costs = others[: len(self.groups)], others[len(self.groups) :]
        counts = counted(self.cost, costs[0]) if costs else None
        groups = dict(zip(self.groups, values, strict=True))
        return TextTable(texts, counts, ids, labels, groups)


def _label(path: str) -> Column:
    """A column of labels, None for a record that has none."""
    group = Column.group(path)
    return replace(
        Column.optional(path, "--label-field"),
        check=lambda value: None if value is None else group.check(value),
        check_all=lambda values: set(map(type, values)) <= {str, type(None)},
    )


@dataclass(frozen=True)
class Collection:
    """Records without their texts: 4 bytes a word, and some 40 a record.

    `costs` (n,), `ids` (n,) hashes, and `labels`: None unless every record has one.
    """

    corpus: TokenizedCorpus
    costs: NDArray[np.float64] | None
    ids: NDArray[np.uint64] | None
    labels: Groups | None

    def __len__(self) -> int:
        """How many records."""
        return len(self.corpus)

    @classmethod
    def collect(cls, batches: Iterable[TextTable], vocabulary: Vocabulary) -> Collection:
        """All records; words that are new join the vocabulary."""
        import numpy as np

        from dataselect.models.language_model.corpus import TokenizedCorpus

        costs, ids, codes = array("d"), array("Q"), array("i")
        names: dict[str, int] = {}

        def tokens() -> Iterator[NDArray[np.int32]]:
            for batch in batches:
                costs.extend(() if batch.costs is None else batch.costs)
                given = (each for each in batch.ids or () if each is not None)
                ids.frombytes(content_keys(map(encoded, given)))
                found = [each for each in batch.labels or () if each is not None]
                codes.extend([names.setdefault(each, len(names)) for each in found])
                yield vocabulary.encode(batch.texts, grow=True)

        corpus = TokenizedCorpus.joined(tokens())

        def column(values: array[Any], kind: type[Any]) -> Any:
            return np.array(values, kind) if len(values) == len(corpus) else None

        numbered = column(codes, np.intc)
        return cls(
            corpus,
            column(costs, np.float64),
            column(ids, np.uint64),
            None if numbered is None else Groups(numbered, list(names)),
        )

    def part(self, kept: NDArray[np.bool_]) -> Collection:
        """The records of a mask, (n,)."""
        return Collection(
            self.corpus.part(kept),
            None if self.costs is None else self.costs[kept],
            None if self.ids is None else self.ids[kept],
            None if self.labels is None else Groups(self.labels.codes[:][kept], self.labels.names),
        )

    def label_counts(self) -> dict[str, int]:
        """How often each label occurs, the most frequent first; empty without labels."""
        import numpy as np

        if self.labels is None:
            return {}
        counts = np.bincount(self.labels.codes[:], minlength=len(self.labels.names)).tolist()
        found = [pair for pair in zip(self.labels.names, counts, strict=True) if pair[1]]
        return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))

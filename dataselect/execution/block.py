"""What is done to each block of lines, in this process or in a worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from dataselect.data import records
from dataselect.data.fields import Column
from dataselect.data.files.line_blocks import Block
from dataselect.data.json_lines.json_bytes import annotate, without_fields
from dataselect.data.json_lines.json_edits import edited, edited_values
from dataselect.data.json_lines.json_values import encoded
from dataselect.data.json_lines.object_lines import ObjectLines
from dataselect.execution.counting.kept_duplicates import NO_TEXT
from dataselect.execution.scored_block import PendingBlock, ScoredRecords, SelectedBlock
from dataselect.selection.apply import Excluded
from dataselect.selection.reasons import EXCLUDED, WORSE_COPY, Reason, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.json_lines.json_bytes import Fields
    from dataselect.execution.scorer import Scorer, Scores
    from dataselect.selection.apply import Cut
    from dataselect.selection.rule import Selection
    from dataselect.selection.score_table import Numbers

Item = TypeVar("Item")
DROPPED = "dropped"
"""The field of rejected records that says why."""


@dataclass(frozen=True)
class BlockTask:
    """Read, check, score and annotate one block; picklable, and pure.

    `decides`: whether selection is done here. `wants_dropped`: whether what is dropped
    is written somewhere. `stop_at_first`: a block with a bad record is not read past it.
    `only_fields`: of records that wait, only the fields that are added are held.
    `excluded_keys`: those of the texts that `--exclude` leaves out, sorted; None without it.
    """

    scorer: Scorer
    selection: Selection
    text_field: str = "text"
    decides: bool = True
    wants_dropped: bool = False
    stop_at_first: bool = False
    wants_distribution: bool = False
    only_fields: bool = False
    excluded_keys: NDArray[np.uint64] | None = None

    def __call__(self, item: tuple[Block, bool]) -> SelectedBlock | PendingBlock:
        """Process one block; the number with it says whether copies are looked for."""
        found = self.examine(*item)
        return self.decide(found) if self.decides else self._annotate(found)

    def examine(self, block: Block, keyed: bool = True) -> ScoredRecords:
        """Read, check and score one block; `keyed`: and give its texts keys that copies share."""
        keyed |= self.selection.compares_texts
        cost, per = self._cost_column(), self._group_column()
        text = self._text_column() or (self._compared_column() if keyed else None)
        own = list(self.scorer.columns)
        wanted = [column for column in (cost, per, text) if column is not None]
        found = records.read(
            block, [*own, *wanted], stop_at_first=self.stop_at_first, absent=self._unwanted
        )
        inputs, others = found.columns[: len(own)], iter(found.columns[len(own) :])
        scores = self.scorer.score(inputs)
        if cost is not None:
            costs = self._costs(next(others))
        elif self._costs_added_text:
            costs = self._costs(list(map(orjson.loads, scores.fields[self.text_field])))
        else:
            costs = None
        groups = None if per is None else next(others)
        if self.selection.per in scores.fields:
            groups = [orjson.loads(value) for value in scores.fields[self.selection.per]]
        lines = self.stripped(found.lines)
        if scores.edits is not None:
            lines = edited(lines, scores.edits)
        known = ScoredRecords(lines, inputs, scores, found.bad, costs, groups)
        if not keyed:
            return known
        read_texts = None if text is None else next(others)
        if read_texts is not None and scores.edits is not None:
            read_texts = edited_values(read_texts, self.text_field, scores.edits)
        texts, keys = self._compared(inputs, scores, read_texts)
        return replace(known, texts=texts, keys=keys, scores=self._without_excluded(scores, keys))

    def stripped(self, lines: Sequence[bytes]) -> Sequence[bytes]:
        """Lines less the fields that the scorer takes away, and those of an earlier run."""
        return without_fields(lines, self._unwanted)

    @cached_property
    def _unwanted(self) -> list[str]:
        """What an earlier run may have added and this one does not read; the scorer's `removes`."""
        own = {column.path.partition(".")[0] for column in self.scorer.columns}
        read = {self.text_field, self.selection.per, self.selection.cost}
        stale = [name for name in self.scorer.may_add if name not in read] + [DROPPED]
        return [*self.scorer.removes, *(name for name in stale if name not in own)]

    def decide(self, found: ScoredRecords) -> SelectedBlock:
        """Keep or drop records that can be decided on without looking at others."""
        scores = found.scores
        excluded = self.excluded(scores.excluded)
        cut = self.selection.cut(scores.values, self.scorer.direction, excluded=excluded)
        cut = cut.part(slice(None))  # in memory: it travels from workers
        kept, dropped = self.write(found.lines, cut, scores.fields, found.columns)
        return SelectedBlock(
            scores.values,
            found.ranked_scores,
            found.bad,
            scores.remarks,
            found.keys,
            cut,
            kept,
            dropped,
            pick(found.texts, cut.kept) if found.texts else (),
        )

    def _annotate(self, found: ScoredRecords) -> PendingBlock:
        scores = found.scores
        return PendingBlock(
            scores.values,
            found.ranked_scores,
            found.bad,
            scores.remarks,
            found.keys,
            (_rows if self.only_fields else annotate)(found.lines, scores.fields),
            list(scores.fields),
            found.costs,
            found.groups,
            scores.excluded,
            scores.order,
        )

    @cached_property
    def exclusions(self) -> list[Reason]:
        """Why records are left out before any rule: by the scorer, `--exclude` or `--unique`."""
        found = list(self.scorer.exclusions)
        if self.excluded_keys is not None:
            found.append(Reason(EXCLUDED, "--exclude", ", ".join(self.selection.exclude)))
        return [*found, Reason(WORSE_COPY, "--unique")] if self.selection.unique else found

    def excluded(self, codes: Numbers | None) -> Excluded | None:
        """What is left out before any rule, with its reasons."""
        return None if codes is None else Excluded(codes, self.exclusions)

    def _without_excluded(self, scores: Scores, keys: NDArray[np.uint64]) -> Scores:
        """The scores, with what `--exclude` leaves out excluded."""
        import numpy as np

        from dataselect.models.near_duplicates import holds_keys

        if self.excluded_keys is None:
            return scores
        held = holds_keys(self.excluded_keys, keys)
        code = np.uint8(len(self.scorer.exclusions) + 1)
        before = np.uint8(0) if scores.excluded is None else scores.excluded
        return scores._replace(excluded=np.where(held, code, before))

    def write(
        self,
        lines: Sequence[bytes],
        cut: Cut,
        fields: Fields,
        columns: Sequence[list[Any]] | None = None,
    ) -> tuple[bytes, bytes]:
        """The text of what is kept, with the scorer's details, and of what is dropped, if wanted.

        `columns`: what the scorer reads; without them the details read the lines again.
        """
        mask = cut.kept
        kept = _pick_lines(lines, mask)
        added = {name: pick(values, mask) for name, values in fields.items()}
        if kept and self.scorer.has_details:
            if columns is None:
                block = Block("spool", 1, b"\n".join([*kept, b""]))
                columns = records.read(block, self.scorer.columns).columns
            else:
                columns = [list(pick(column, mask)) for column in columns]
            added.update(self.scorer.details(columns))
        text = annotate(kept, added)
        if not self.wants_dropped or len(kept) == len(lines):
            return text, b""
        left = {name: pick(values, ~mask) for name, values in fields.items()}
        words = [encoded(describe(reason)) for reason in cut.reasons]
        left[DROPPED] = [words[decision - 1] for decision in cut.decisions[:][~mask].tolist()]
        return text, annotate(_pick_lines(lines, ~mask), left)

    def _cost_column(self) -> Column | None:
        return None if self._costs_added_text else cost_column(self.selection.cost, self.text_field)

    @property
    def _costs_added_text(self) -> bool:
        """Whether the text that is counted is one that the scorer is about to add."""
        return self.selection.cost in ("words", "chars") and self.text_field in self.scorer.adds

    def _group_column(self) -> Column | None:
        """The `--per` field, unless the scorer is about to add it."""
        per = self.selection.per
        return None if per is None or per in self.scorer.adds else Column.group(per)

    def _text_column(self) -> Column | None:
        """The text that `--auto` reads later, unless the scorer is about to add it."""
        wanted = self.selection.auto is not None and self.text_field not in self.scorer.adds
        return Column.text(self.text_field) if wanted else None

    @property
    def compared_field(self) -> str:
        """Where the text is by which records are told apart."""
        compared = self.scorer.compared
        return compared[-1].path if compared else self.text_field

    def _compared_column(self) -> Column | None:
        """The text by which records are told apart, unless the scorer reads or adds it."""
        if self.scorer.compared or self.text_field in self.scorer.adds:
            return None
        if self.selection.compares_texts:
            return Column.hypothesis(self.text_field)
        return Column.optional(self.text_field)

    def _compared(
        self, inputs: Sequence[list[Any]], scores: Scores, others: list[Any] | None
    ) -> tuple[Sequence[str], NDArray[np.uint64]]:
        """(n,) the texts by which records are told apart, and keys that copies share."""
        import numpy as np

        from dataselect.models.near_duplicates import joint_keys, text_keys

        columns = list(self.scorer.columns)
        if compared := self.scorer.compared:
            sides = [inputs[columns.index(each)] for each in compared]
            return _joined(sides), joint_keys(sides)
        if others is None:
            texts = list(map(orjson.loads, scores.fields[self.text_field]))
        else:
            texts = [each if isinstance(each, str) else "" for each in others]
        told_apart = np.array([bool(each.strip()) for each in texts], bool)
        if scores.excluded is not None and not self.selection.compares_texts:
            told_apart &= scores.excluded == 0  # the others are never kept
        keys = np.full(len(texts), NO_TEXT, np.uint64)
        keys[told_apart] = text_keys(pick(texts, told_apart))
        return texts, keys

    def texts_of(self, lines: Sequence[bytes]) -> list[str]:
        """The texts of lines that were written, as they are compared."""
        columns = self.scorer.compared or [Column.text(self.text_field)]
        return _joined(records.read(Block("spool", 1, b"\n".join([*lines, b""])), columns).columns)

    def _costs(self, values: list[Any]) -> NDArray[np.float64]:
        return counted(self.selection.cost, values)


def cost_column(cost: str, text_field: str) -> Column | None:
    """What `counted` counts: the text for words and chars, else a field; None for records."""
    if cost == "records":
        return None
    return Column.text(text_field) if cost in ("words", "chars") else Column.cost(cost)


def counted(cost: str, values: Sequence[Any]) -> NDArray[np.float64]:
    """(n,) what records cost: the words or characters of texts, or the numbers of a field."""
    import numpy as np

    from dataselect.models.normalization import all_composed

    if cost in ("words", "chars"):
        values = all_composed(values)
    count = {"words": lambda text: len(text.split()), "chars": len}.get(cost, float)
    return np.fromiter(map(count, values), np.float64, len(values))


def _rows(lines: Sequence[bytes], fields: Fields) -> bytes:
    """Fields as lines, one a record, values between tabs: JSON has neither tabs nor line feeds."""
    if not fields:
        return b"\n" * len(lines)
    return b"".join([b"\t".join(row) + b"\n" for row in zip(*fields.values(), strict=True)])


def _joined(sides: Sequence[list[str]]) -> list[str]:
    """(n,) texts of one side, or of both sides of pairs."""
    return sides[0] if len(sides) == 1 else list(map(" ".join, zip(*sides, strict=True)))


def pick(values: Sequence[Item], mask: NDArray[np.bool_]) -> Sequence[Item]:
    """The values whose place in `mask` is true."""
    return values if mask.all() else list(compress(values, mask.tolist()))


def _pick_lines(lines: Sequence[bytes], mask: NDArray[np.bool_]) -> Sequence[bytes]:
    return lines.picked(mask) if isinstance(lines, ObjectLines) else pick(lines, mask)

"""What `dataselect diversity` reads before it picks: labelled records, and the pool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from dataselect.data import records
from dataselect.data.fields import POSITION, Column
from dataselect.data.files.line_blocks import Block, count_records, numbered
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.input_files import Inputs
from dataselect.data.sampling import names_at, read_columns
from dataselect.errors import InputError
from dataselect.execution.block import cost_column, counted, pick

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.fields import Column
    from dataselect.operations.diversity.objectives.methods import Items


_GUESS = ("intent", "confidence")  # as `label` adds them
_NO_GUESS = "null"


@dataclass(frozen=True)
class LabelledRecords:
    """What picks have to differ from: the records of some files, or nothing.

    `column`: where these have their texts.
    """

    paths: Sequence[str]
    column: Column

    @cached_property
    def inputs(self) -> Inputs | None:
        return RecordFiles(self.paths, text_field=self.column.path) if self.paths else None

    @cached_property
    def texts(self) -> list[str]:
        """All texts. Raises InputError for a bad record, and where there is none at all."""
        if self.inputs is None:
            return []
        self.inputs.keep_for_rereading()  # for names
        [texts] = read_columns(self.inputs, [self.column])
        if not texts:
            paths = ", ".join(self.inputs.paths)
            raise InputError(f"{paths}: no labelled text to differ from; check --labelled")
        return texts

    def reads(self) -> list[Inputs]:
        """The files, to be kept from being written."""
        return [] if self.inputs is None else [self.inputs]

    def names(self, places: Sequence[int]) -> list[bytes]:
        return [] if self.inputs is None else names_at(self.inputs, places)


class LabelledTexts(NamedTuple):
    """The same of texts in memory, which have no other names than their places."""

    texts: list[str]

    def names(self, places: Sequence[int]) -> list[bytes]:
        return [b'"labelled[%d]"' % place for place in places]


class BlockTexts(NamedTuple):
    """The good records of a block, (n,): positions, texts, and what limits go by.

    `excluded`: how many others are left out.
    """

    block: Block
    positions: NDArray[np.intp]
    texts: list[str]
    costs: NDArray[np.float64] | None
    groups: list[str] | None
    excluded: int = 0

    def without(self, keys: NDArray[np.uint64]) -> BlockTexts:
        """Those whose texts have none of some keys, which are sorted."""
        from dataselect.models.near_duplicates import holds_keys, text_keys

        kept = ~holds_keys(keys, text_keys(self.texts))
        return BlockTexts(
            self.block,
            self.positions[kept],
            list(pick(self.texts, kept)),
            None if self.costs is None else self.costs[kept],
            None if self.groups is None else list(pick(self.groups, kept)),
            int((~kept).sum()),
        )

    def items(
        self, numbers: Mapping[str, int], vectors: NDArray[np.float16] | None = None
    ) -> Items:
        """To pick from. `numbers`: of the groups."""
        import numpy as np

        from dataselect.operations.diversity.objectives.methods import Items

        codes = None
        if self.groups is not None:
            codes = np.array([numbers[name] for name in self.groups], np.intp)
        return Items(self.positions, self.texts, self.costs, codes, vectors)


@dataclass(frozen=True)
class PoolReader:
    """Reads of a record its text, and what limits go by: a cost, and the value of `per`.

    `strict`: a bad record ends the run. Texts that have one of the `excluded_keys`, sorted, are
    left out. `guesses`: records go by the intent that `label` guessed, where any has one and none
    is "other", which is most of a pool: turns would leave out what sets the intents off.
    """

    text_field: str
    cost: str = "records"
    per: str | None = None
    strict: bool = True
    excluded_keys: NDArray[np.uint64] | None = None
    guesses: bool = False

    def texts(self, blocks: Iterable[Block]) -> Iterator[BlockTexts]:
        """The good records of numbered blocks. Raises InputError."""
        for block in blocks:
            found = records.read(block, self._columns, stop_at_first=self.strict)
            if found.bad and self.strict:
                raise InputError(str(found.bad[0]))
            yield self._block_texts(block, found.columns)

    def pool(self, inputs: Inputs) -> tuple[Items, PoolStatistics]:
        """All good records, in memory. Raises InputError."""
        from dataselect.models.intent_classifier.intent_classifier import OTHER
        from dataselect.operations.diversity.objectives.methods import Items

        total = PoolStatistics()
        numbers: dict[str, int] = {}
        parts = [self._block_texts(Block("", 1, b""), [[] for _ in self._columns]).items(numbers)]
        for found in self.texts(numbered(inputs.blocks())):
            total.add(found)
            for name in found.groups or ():
                numbers.setdefault(name, len(numbers))
            parts.append(found.items(numbers))
        items = Items.joined(parts)
        total.has_other = self.guesses and OTHER in numbers
        if self.guesses and (numbers.keys() == {_NO_GUESS} or total.has_other):
            items, total.groups = replace(items, groups=None), {}
        return items, total

    @cached_property
    def _columns(self) -> list[Column]:
        cost = cost_column(self.cost, self.text_field)
        columns = [POSITION, Column.text(self.text_field)]
        columns += [] if self.per is None else [Column.group(self.per)]
        columns += [] if cost is None else [cost]
        return columns + [Column.optional(name) for name in _GUESS if self.guesses]

    def _block_texts(self, block: Block, columns: Sequence[list[Any]]) -> BlockTexts:
        import numpy as np

        positions, texts, *others = columns
        groups = None if self.per is None else others.pop(0)
        if self.guesses:
            confidence, intents = others.pop(), others.pop()
            groups = list(map(_guess, intents, confidence))
        costs = None if self.cost == "records" else counted(self.cost, others.pop())
        found = BlockTexts(block, np.array(positions, np.intp), texts, costs, groups)
        return found if self.excluded_keys is None else found.without(self.excluded_keys)


@dataclass
class PoolStatistics:
    """How much there is: lines, records, good ones, those left out, characters of the texts.

    `groups`: good records of each value of `--per`, in the order of first sight. `has_other`:
    whether a guessed intent is "other".
    """

    lines: int = 0
    records: int = 0
    good: int = 0
    excluded: int = 0
    characters: int = 0
    groups: dict[str, int] = field(default_factory=dict)
    has_other: bool = False

    def add(self, found: BlockTexts) -> None:
        self.lines += found.block.data.count(b"\n")
        self.records += count_records(found.block.data)
        self.good += len(found.texts)
        self.excluded += found.excluded
        self.characters += sum(map(len, found.texts))
        for name in found.groups or ():
            self.groups[name] = self.groups.get(name, 0) + 1

    def merge(self, other: PoolStatistics) -> None:
        """Count what comes after it, too."""
        self.lines += other.lines
        self.records += other.records
        self.good += other.good
        self.excluded += other.excluded
        self.characters += other.characters
        for name, count in other.groups.items():
            self.groups[name] = self.groups.get(name, 0) + count


def _guess(intent: Any, confidence: Any) -> str:
    """The intent of a record, if it was guessed: then it has a confidence."""
    is_guess = isinstance(intent, str) and type(confidence) in (int, float)
    return intent if is_guess else _NO_GUESS

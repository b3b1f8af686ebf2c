"""How well the pairs of a corpus translate each other: it is read, encoded and searched as a whole.

A margin compares a pair with its neighbours in the corpus, so it cannot be computed pair by pair;
here it is computed for all pairs, and becomes a number for each position in the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataselect.content_keys import content_keys
from dataselect.data.fields import POSITION, Column
from dataselect.data.files.line_blocks import count_records, numbered
from dataselect.data.files.temporary_files import TemporaryFile
from dataselect.data.input_files import Inputs
from dataselect.data.records import read
from dataselect.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.files.line_blocks import Block
    from dataselect.models.encoders.base import Encoder
    from dataselect.models.neighbours.blocks import Side
    from dataselect.operations.bitext.alignment.margin import Margin

    Report = Callable[[str, int], Callable[[int], None]]
    """Progress callback: `report(label, total)` returns `advance(n)`."""


@dataclass(frozen=True)
class Distinct:
    """The distinct texts of one side: `first` (u,) the pairs that hold them first, ascending.

    `index` (n,): which of them each pair has.
    """

    first: NDArray[np.intp]
    index: NDArray[np.intp]

    @classmethod
    def of(cls, keys: NDArray[np.uint64]) -> Distinct:
        """Find them by the keys (n,) of all texts."""
        import numpy as np

        _, first, index = np.unique(keys, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        return cls(first[order], rank[index])


@dataclass(frozen=True)
class SentencePairs:
    """The good pairs of a corpus: `positions` (n,) of `records` in the input, and their sides."""

    records: int
    positions: NDArray[np.intp]
    sides: tuple[Distinct, Distinct]


@dataclass(frozen=True)
class ParallelCorpus:
    """A bilingual corpus that can be read several times.

    `columns`: source and target text. A bad record raises InputError if `strict`, else it is left
    to the run that follows.
    """

    pool: Inputs
    columns: tuple[Column, Column]
    strict: bool

    def margins(
        self,
        encoders: tuple[Encoder, Encoder],
        *,
        margin: Margin,
        report: Report,
    ) -> NDArray[np.float64]:
        """(records,) the margin of the pair at each position, as `alignment`; NaN for bad records.

        Vectors of distinct texts wait in temporary files, 4 bytes a dimension. Raises OutputError
        when the disk is full.
        """
        import numpy as np

        from dataselect.operations.bitext.alignment.margin import alignment, neighbour_search

        pairs = self._survey(encoders)
        sizes = len(pairs.sides[0].first), len(pairs.sides[1].first)
        if margin != "cosine":  # what cannot be searched is refused before hours of encoding
            neighbour_search(sizes, encoders[0].dimension)
        src, tgt = (self._side(which, pairs, encoders[which], report) for which in range(2))
        advance = report("finding neighbours", len(src.vectors) + len(tgt.vectors))
        result = np.full(pairs.records, np.nan)
        result[pairs.positions] = alignment(src, tgt, margin=margin, progress=advance)
        return result

    def _blocks(self) -> Iterator[tuple[Block, list[list[Any]]]]:
        """Yield each block, with source texts, target texts and positions of its good pairs."""
        for block in numbered(self.pool.blocks()):
            found = read(block, [*self.columns, POSITION])
            if found.bad and self.strict:
                raise InputError(str(found.bad[0]))
            yield block, found.columns

    def _survey(self, encoders: tuple[Encoder, Encoder]) -> SentencePairs:
        """Find the distinct texts of both sides; of vectors made elsewhere the distinct rows."""
        import numpy as np

        keys = bytearray(), bytearray()
        positions = [np.empty(0, np.intp)]
        records = 0
        for block, (*texts, places) in self._blocks():
            for own, found, encoder in zip(keys, texts, encoders, strict=True):
                own.extend(_keys(encoder.encode(places) if encoder.reads_positions else found))
            positions.append(np.array(places, np.intp))
            records = block.first_record + count_records(block.data)
        src, tgt = (Distinct.of(np.frombuffer(side, np.uint64)) for side in keys)
        return SentencePairs(records, np.concatenate(positions), (src, tgt))

    def _side(self, which: int, pairs: SentencePairs, encoder: Encoder, report: Report) -> Side:
        """Encode the distinct texts of the source (0) or the target side (1)."""
        import numpy as np

        from dataselect.models.encoders.base import portions
        from dataselect.models.neighbours.blocks import Side

        distinct = pairs.sides[which]
        total = len(distinct.first)
        if not total:
            return Side(np.empty((0, encoder.dimension), np.float32), distinct.index)
        scratch = TemporaryFile("encoding the corpus")
        items = self._first(len(self.columns) if encoder.reads_positions else which, distinct)
        advance = report(f"encoding {self.columns[which].path}", total)
        with scratch.file:  # what is mapped stays, without a name and a descriptor
            for vectors in portions(encoder, items, advance):
                scratch.write(vectors.tobytes())
            mapped = np.memmap(scratch.file, np.float32, "r", shape=(total, encoder.dimension))
        return Side(mapped, distinct.index)

    def _first(self, column: int, distinct: Distinct) -> Iterator[Any]:
        """Yield one column of the pairs that hold distinct texts first."""
        import numpy as np

        start = 0
        for _, columns in self._blocks():
            end = start + len(columns[column])
            low, high = np.searchsorted(distinct.first, (start, end))
            for place in distinct.first[low:high].tolist():
                yield columns[column][place - start]
            start = end


def _keys(items: Iterable[str] | NDArray[np.float32]) -> bytes:
    """A digest for each text, or each row of vectors."""
    return content_keys(
        item.encode() if isinstance(item, str) else item.tobytes() for item in items
    )

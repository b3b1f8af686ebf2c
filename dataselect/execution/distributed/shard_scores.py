"""What selection goes by, of one shard: a compact file from its scoring until its writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from dataselect.data import storage
from dataselect.errors import InputError, ReadError
from dataselect.execution.distributed.shards import Shard
from dataselect.selection.score_table import Groups

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.files.line_blocks import Block
    from dataselect.data.json_lines.json_bytes import Fields
    from dataselect.models.archive import ArchiveFormat
    from dataselect.selection.score_table import ScoreTable

_COLUMNS = ("scores", "keys", "costs", "excluded")


@dataclass(frozen=True)
class ShardScores:
    """The good records of a shard, in order: 8 bytes a score, as much a key, and a cost.

    `columns`: those of a ScoreTable that are there, (n,) each. `bad_lines`: the numbers of the
    lines that hold no good record. `field_names`: of the fields that the scorer adds.
    """

    columns: Mapping[str, NDArray[Any]]
    groups: Groups | None
    bad_lines: NDArray[np.int64]
    field_names: Sequence[str]

    def save(self, path: str) -> None:
        """Write the file. Raises OutputError."""
        from dataselect.models import archive

        codes, names = self.groups or (None, ())
        arrays = {**self.columns, "bad_lines": self.bad_lines}
        if codes is not None:
            arrays["codes"] = codes[:]
        about = {"group_names": list(names), "field_names": list(self.field_names)}
        with storage.writing(path) as file:
            file.write(archive.dumps(_format(), about, arrays))

    @classmethod
    def load(cls, path: str) -> ShardScores:
        """Read the file. Raises InputError."""
        from dataselect.models import archive

        data = storage.read_bytes(path)
        try:
            about, arrays = archive.loads(data, _format())
        except MemoryError:
            raise
        except Exception:  # of zipfile, of JSON and of NumPy
            raise damaged(path) from None
        columns = {name: arrays[name] for name in _COLUMNS if name in arrays}
        codes = arrays.get("codes")
        groups = None if codes is None else Groups(codes, about["group_names"])
        return cls(columns, groups, arrays["bad_lines"], about["field_names"])

    def good_lines(self, block: Block) -> list[bytes]:
        """The lines that hold a good record: those that are neither blank nor known to be bad."""
        lines = block.numbered_lines()
        return [line for number, line in lines if line.strip() and number not in self._bad]

    @cached_property
    def _bad(self) -> frozenset[int]:
        return frozenset(self.bad_lines.tolist())

    @classmethod
    def of(
        cls, table: ScoreTable, bad_lines: Sequence[int], field_names: Sequence[str]
    ) -> ShardScores:
        """What was collected."""
        import numpy as np

        given = {name: getattr(table, name) for name in _COLUMNS}
        columns = {name: column[:] for name, column in given.items() if column is not None}
        return cls(columns, table.groups, np.array(bad_lines, np.int64), field_names)


class ShardFields:
    """Reads the fields that were added, a line a record, in portions of any size."""

    def __init__(self, path: str, names: Sequence[str]) -> None:
        self._path, self._names = path, names
        blocks = Shard(path, name="", size=0, identity="").blocks()
        self._lines = (line for block in blocks for line in block.data.split(b"\n")[:-1])

    def next(self, count: int) -> Fields:
        """The fields of the next records. Raises InputError for a damaged file."""
        try:
            lines = list(islice(self._lines, count))
        except ReadError:
            raise
        except InputError:
            raise damaged(self._path) from None
        if len(lines) < count:
            raise damaged(self._path)
        rows = [line.split(b"\t") for line in lines]
        columns = zip(*rows, strict=True) if self._names and rows else [()] * len(self._names)
        return dict(zip(self._names, map(list, columns), strict=True))


def damaged(path: str) -> InputError:
    """What to say of a file between two stages that cannot be used."""
    return InputError(f"{path}: damaged; remove it, and run again with --resume")


def _format() -> ArchiveFormat:
    from dataselect.models.archive import ArchiveFormat

    return ArchiveFormat("shard scores", 1)

"""What selection goes by, of one shard: a compact file from its scoring until its writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.data import storage
from dataselect.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.models.archive import ArchiveFormat
    from dataselect.selection.score_table import ScoreTable

_NAMES = ("group_names", "field_names")
_ARRAYS = ("scores", "costs", "codes", "excluded", "keys", "bad_lines")


@dataclass(frozen=True)
class ShardScores:
    """The good records of a shard, in order, (n,) each: 8 bytes a score, as much a key, and a cost.

    `codes`: the place of each one's group among `group_names`, which are in the order of first
    sight. `bad_lines`: the numbers of the lines that hold no good record. `field_names`: of the
    fields that the scorer adds.
    """

    scores: NDArray[np.float64]
    costs: NDArray[np.float64] | None
    codes: NDArray[np.integer] | None
    excluded: NDArray[np.uint8] | None
    keys: NDArray[np.uint64]
    bad_lines: NDArray[np.int64]
    group_names: Sequence[str]
    field_names: Sequence[str]

    @classmethod
    def of(
        cls, table: ScoreTable, bad_lines: Sequence[int], field_names: Sequence[str]
    ) -> ShardScores:
        """What was collected."""
        import numpy as np

        codes, names = table.groups or (None, ())
        bad = np.array(bad_lines, np.int64)
        return cls(
            table.scores,
            table.costs,
            codes,
            table.excluded,
            table.keys,
            bad,
            names,
            field_names,
        )

    def save(self, path: str) -> None:
        """Write the file. Raises OutputError."""
        from dataselect.models import archive

        arrays = {name: vars(self)[name] for name in _ARRAYS if vars(self)[name] is not None}
        about = {name: list(vars(self)[name]) for name in _NAMES}
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
        return cls(
            **{name: arrays.get(name) for name in _ARRAYS},  # type: ignore[arg-type]  # as saved
            **{name: about[name] for name in _NAMES},
        )


def damaged(path: str) -> InputError:
    """What to say of a file between two stages that cannot be used."""
    return InputError(f"{path}: damaged; remove it, and run again with --resume")


def _format() -> ArchiveFormat:
    from dataselect.models.archive import ArchiveFormat

    return ArchiveFormat("shard scores", 1)

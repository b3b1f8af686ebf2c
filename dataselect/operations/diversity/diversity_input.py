"""What `dataselect diversity` reads before it picks: labelled records, and the whole pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataselect.data import records
from dataselect.data.input_files import Inputs, count_records, numbered
from dataselect.data.sampling import names_at, read_columns
from dataselect.errors import InputError
from dataselect.execution.run import FAIL, Settings
from dataselect.operations.diversity.options import MethodOptions, PickingOptions, VectorOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelledRecords:
    """What picks have to differ from: the records of some files, or nothing."""

    paths: Sequence[str]
    text_field: str

    @cached_property
    def inputs(self) -> Inputs | None:
        """The files."""
        return Inputs(self.paths) if self.paths else None

    @cached_property
    def texts(self) -> list[str]:
        """All texts. Raises InputError for a bad record, and where there is none at all."""
        if self.inputs is None:
            return []
        self.inputs.keep_for_rereading()  # for names
        [texts] = read_columns(self.inputs, [records.text(self.text_field)])
        if not texts:
            paths = ", ".join(self.inputs.paths)
            raise InputError(f"{paths}: no labelled text to differ from; check --labelled")
        return texts

    def reads(self) -> list[Inputs]:
        """The files, to be kept from being written."""
        return [] if self.inputs is None else [self.inputs]

    def names(self, places: Sequence[int]) -> list[bytes]:
        """As `names_at`."""
        return [] if self.inputs is None else names_at(self.inputs, places)


@dataclass(frozen=True)
class Chosen:
    """What the options of a run say, with the labelled records."""

    labelled: LabelledRecords
    methods: MethodOptions
    encoding: VectorOptions
    picking: PickingOptions
    settings: Settings


@dataclass(frozen=True)
class DiversityInput:
    """The good records of the input, n of `records` in all.

    `positions` (n,): where they are among all. `costs` (n,); `groups` (n,): the number of each
    one's value of `--per` among `group_names`.
    """

    inputs: Inputs
    records: int
    positions: NDArray[np.intp]
    texts: list[str]
    costs: NDArray[np.float64] | None
    groups: NDArray[np.intp] | None
    group_names: Sequence[str]

    @classmethod
    def read(cls, inputs: Inputs, picking: PickingOptions, settings: Settings) -> DiversityInput:
        """Read what picking needs. Raises InputError where a bad record ends the run."""
        import numpy as np

        inputs.keep_for_rereading()
        columns = [
            records.POSITION,
            records.text(settings.text_field),
            *picking.columns(),
        ]
        values: list[list[Any]] = [[] for _ in columns]
        total = 0
        for block in numbered(inputs.blocks()):
            found = records.read(block, columns)
            if found.bad and settings.on_error == FAIL:
                raise InputError(str(found.bad[0]))
            for kept, fresh in zip(values, found.columns, strict=True):
                kept.extend(fresh)
            total = block.first_record + count_records(block.data)
        positions, texts, *others = values
        codes: dict[str, int] = {}
        groups = None
        if picking.per is not None:
            own = others.pop(0)
            groups = np.array([codes.setdefault(name, len(codes)) for name in own], np.intp)
        costs = picking.costs(texts, *others)
        return cls(inputs, total, np.array(positions, np.intp), texts, costs, groups, list(codes))

    def describe(self, picked: NDArray[np.intp]) -> dict[str, Any]:
        """How many texts of each group were picked, and what picks cost, for reports."""
        import numpy as np

        found: dict[str, Any] = {}
        if self.costs is not None:
            found["spent"] = float(self.costs[picked].sum())
        if self.groups is not None:
            counts = np.bincount(self.groups[picked], minlength=len(self.group_names)).tolist()
            found["per"] = dict(zip(self.group_names, counts, strict=True))
        return found

    def names(self, rows: NDArray[np.intp]) -> list[bytes]:
        """As `names_at`, of some of the texts, ascending."""
        return names_at(self.inputs, self.positions[rows].tolist())

"""The selections and the pool that `dataselect compare` reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dataselect.analysis.compare.assertions import RESERVED
from dataselect.analysis.compare.selected_texts import Fields, TextTable
from dataselect.data.files.raw_files import STDIN, display
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.input_files import Inputs
from dataselect.errors import OptionError, RequirementError
from dataselect.execution.run import Run


@dataclass(frozen=True)
class ComparedFiles:
    """Selections by name, each of one file or the files of a pattern, and what they are from."""

    selections: dict[str, Inputs]
    pool: Inputs | None
    fields: Fields

    @classmethod
    def opened(
        cls, files: Sequence[str], pool: Sequence[str] | None, fields: Fields, *, digest: bool
    ) -> ComparedFiles:
        """The files, none of them read yet. Raises InputError, and OptionError as `names` does."""
        files = files or [STDIN]
        opened = (RecordFiles([path], digest=digest) for path in files)
        return cls(
            dict(zip(names(files), opened, strict=True)),
            None if pool is None else RecordFiles(pool, digest=digest),
            fields,
        )

    @property
    def inputs(self) -> list[Inputs]:
        return [*self.selections.values(), *([] if self.pool is None else [self.pool])]

    def digests(self) -> dict[str, str]:
        """Each path to the SHA-256 of what was read from it."""
        return {path: own for each in self.inputs for path, own in each.meter.digests().items()}

    def read_selections(self, run: Run) -> dict[str, Iterator[TextTable]]:
        """The good records of each selection. Reading raises RequirementError for too few."""
        return {
            name: self._read(run, inputs, name, run.settings.min_records)
            for name, inputs in self.selections.items()
        }

    def read_pool(self, run: Run) -> Iterator[TextTable] | None:
        """The good records of the pool. Reading raises RequirementError if there is none."""
        return None if self.pool is None else self._read(run, self.pool, "--pool", 0)

    def _read(self, run: Run, inputs: Inputs, name: str, least: int) -> Iterator[TextTable]:
        """Yield what is good; bad records are dealt with on the way."""
        kept = 0
        for columns in run.columns(inputs, self.fields.columns, f"compare {name}"):
            batch = self.fields.batch(columns)
            kept += len(batch.texts)
            yield batch
        if not kept and not run.settings.allow_empty:
            raise RequirementError(
                f"{name}: no good record to compare; check it, or accept it with --allow-empty"
            )
        if kept < least:
            raise RequirementError(f"{name}: {kept:,} records, fewer than --min-records {least:,}")


def names(files: Sequence[str]) -> list[str]:
    """What selections are called. Raises OptionError unless they can be told apart."""
    found = [display(path) for path in files]
    for name in found:
        if found.count(name) > 1:
            raise OptionError(f"{name} is given twice; name each selection once")
        if name in RESERVED:
            raise OptionError(f"'{name}' has a meaning of its own here; write ./{name}")
    return found

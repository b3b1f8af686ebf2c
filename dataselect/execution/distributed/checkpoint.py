"""Notes of what is done of a distributed run, kept beside the output until all is.

An output folder is complete when it has a manifest, and no folder of unfinished work.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

from dataselect.data import storage
from dataselect.data.files.input_names import MANIFEST, UNFINISHED, is_inner_name
from dataselect.data.files.sinks import unwritable
from dataselect.data.json_lines.json_values import encoded
from dataselect.data.storage import is_url
from dataselect.documents import Count, DocumentError, parsed, typed
from dataselect.errors import OutputError
from dataselect.execution.counting.counts import Counts
from dataselect.execution.counting.kept_duplicates import Duplicates
from dataselect.execution.counting.run_statistics import RunStatistics, StatisticsFields
from dataselect.versions import versions

if TYPE_CHECKING:
    from dataselect.data.storage import Status
    from dataselect.execution.distributed.shards import Shard
    from dataselect.execution.distributed.tasks import Folders

_RUN, _NOTES, _LOCK = "run.json", "notes", "lock"
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


def digest(*facts: Any) -> str:
    """SHA-256, in hexadecimal, of values that JSON can say, and of fractions, to the last digit.

    Unlike standard JSON it tells infinity from NaN. Raises TypeError for other values.
    """
    return hashlib.sha256(json.dumps(facts, default=_exact).encode()).hexdigest()


def _exact(value: Any) -> str:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    raise TypeError(f"{type(value)} has no exact form for a key")


def _inside(names: Iterable[str]) -> None:
    """Refuse names of files that are not in the folder: former shards are removed by their name."""
    if not all(map(is_inner_name, names)):
        raise ValueError("a name leads out of the folder")


class _Begun(NamedTuple):
    """The note of a run that is at work: the shards that it, and others before it, may write."""

    shards: Annotated[list[str], _inside]


class _Note(NamedTuple):
    """The note on a shard."""

    key: str
    sizes: list[Count]
    statistics: StatisticsFields


class _Manifest(NamedTuple):
    """The manifest of a complete output, as far as it is read again here."""

    key: str
    shards: Annotated[dict[str, str], _inside]
    sizes: list[dict[str, Count]]
    per: dict[str, Counts]
    statistics: StatisticsFields
    duplicates: Duplicates | None


Noted = TypeVar("Noted", _Begun, _Note, _Manifest)


class Outcome(NamedTuple):
    """What a whole run did: what it counted, the counts of each group, copies in what it kept."""

    statistics: RunStatistics
    per: dict[str, Counts]
    duplicates: Duplicates | None


class Checkpoint:
    """Notes on the shards of a run, each under a key of all that its result depends on."""

    def __init__(self, folders: Folders, *, resume: bool) -> None:
        """Read the notes of an output folder, or begin them.

        Raises OutputError for a folder that has something in it, unless it is ours to `resume`.
        """
        self._folders = folders
        self._present: dict[str, Status] = {}
        self._former: set[str] = set()  # names of shards that an earlier run wrote
        self._manifest: _Manifest | None = None
        self._locks = ExitStack()
        for folder in folders.outputs:
            self._look_at(folder, resume=resume)
        self._read()

    def close(self) -> None:
        """Let other runs into the output folders."""
        self._locks.close()

    def _look_at(self, folder: str, *, resume: bool) -> None:
        found = _files_below(folder)
        if found and not resume:
            raise OutputError(
                f"{folder}: exists already; name a new folder, or go on there with --resume"
            )
        if found and not any(
            name == MANIFEST or name.startswith(f"{UNFINISHED}/") for name in found
        ):
            raise OutputError(f"{folder}: not made by this command; name a new folder")
        self._present |= {storage.join(folder, name): each for name, each in found.items()}

    def _read(self) -> None:
        manifest, run = storage.join(self._folders.kept, MANIFEST), self._scratch(_RUN)
        if run in self._present:
            self._former |= set(_load(run, _Begun).shards)
        if manifest in self._present:
            found = _load(manifest, _Manifest)
            self._former |= found.shards.keys()
            if not any(path.startswith(self._scratch("")) for path in self._present):
                self._manifest = found

    # -- One shard -------------------------------------------------------------------------------

    def completed(
        self, stage: str, shard: Shard, key: str, files: Sequence[str]
    ) -> RunStatistics | None:
        """What a stage found out about a shard, if that still holds and its files are there."""
        path = self._note_path(stage, shard)
        if not self._present.keys() >= {path, *files}:
            return None
        note = _load(path, _Note)
        holds = note.key == key and note.sizes == [self._present[each].size for each in files]
        return RunStatistics.of_json(note.statistics) if holds else None

    def invalidate(self, shard: Shard, stages: Iterable[str]) -> None:
        """Remove an earlier run's notes, before the files change that they tell of.

        Otherwise a run that is stopped now would leave notes of what is there no more.
        """
        paths = {self._note_path(each, shard) for each in stages}
        for path in self._present.keys() & paths:
            storage.remove(path)
            del self._present[path]

    def record(
        self, stage: str, shard: Shard, key: str, files: Sequence[str], statistics: RunStatistics
    ) -> None:
        """Take note of what is done, and of the files that it left. Raises OutputError."""
        sizes = [storage.status(path).size for path in files]
        about = {"key": key, "sizes": sizes, "statistics": statistics.as_json()}
        _save(self._note_path(stage, shard), about)

    # -- The whole run ---------------------------------------------------------------------------

    def finished(self, key: str) -> Outcome | None:
        """What an earlier run did, if it is complete, and this one would do the same."""
        done = self._manifest
        if done is None or done.key != key or len(done.sizes) != len(self._folders.outputs):
            return None
        for folder, sizes in zip(self._folders.outputs, done.sizes, strict=True):
            found = storage.files_below(folder)
            if any(name not in found or found[name].size != size for name, size in sizes.items()):
                return None
        return Outcome(RunStatistics.of_json(done.statistics), done.per, done.duplicates)

    def begin(self, shards: Sequence[Shard]) -> None:
        """Mark the output folders as unfinished. Raises OutputError, also for those of another run.

        That may also have ended since the notes were read.
        """
        for folder in self._folders.outputs:
            self._locks.enter_context(_locked(storage.join(folder, UNFINISHED)))
        found = {
            storage.join(each, name)
            for each in self._folders.outputs
            for name in _files_below(each)
        }
        if found != self._present.keys():
            raise OutputError(f"{self._folders.kept}: another run wrote there just now; run again")
        self._former |= {shard.name for shard in shards}
        for folder in self._folders.outputs:
            about = {"shards": sorted(self._former)}
            _save(storage.join(folder, f"{UNFINISHED}/{_RUN}"), about)
            storage.remove(storage.join(folder, MANIFEST))

    def finish(self, key: str, shards: Sequence[Shard], outcome: Outcome) -> None:
        """Clear away all but the output, and write the manifests last. Raises OutputError."""
        names = {shard.name for shard in shards}
        for folder in self._folders.outputs:
            for name in self._former - names:
                storage.remove(storage.join(folder, name))
            for path in storage.leftovers(folder):
                storage.remove(path)
        manifest = {
            "key": key,
            "versions": versions(),
            "shards": {shard.name: shard.path for shard in shards},
            "sizes": [self._sizes(folder, names) for folder in self._folders.outputs],
            "per": outcome.per,
            "statistics": outcome.statistics.as_json(),
            "duplicates": outcome.duplicates and outcome.duplicates._asdict(),
        }
        folders = self._folders.outputs[::-1]
        for folder in folders:  # none is complete before all have theirs
            _save(storage.join(folder, MANIFEST), manifest)
        for folder in folders:
            storage.remove_folder(storage.join(folder, UNFINISHED))

    def remove_outputs(self, shards: Sequence[Shard]) -> None:
        """Remove the records that were written, kept or dropped. Raises OutputError."""
        for folder in filter(None, (self._folders.kept, self._folders.dropped)):
            for shard in shards:
                storage.remove(storage.join(folder, shard.name))

    @staticmethod
    def _sizes(folder: str, names: set[str]) -> dict[str, int]:
        found = storage.files_below(folder)
        return {name: status.size for name, status in found.items() if name in names}

    # -- Paths -----------------------------------------------------------------------------------

    def _scratch(self, name: str) -> str:
        return storage.join(self._folders.scratch, name)

    def _note_path(self, stage: str, shard: Shard) -> str:
        return self._scratch(f"{_NOTES}/{stage}/{shard.name}.json")


def _files_below(folder: str) -> dict[str, Status]:
    """The files in an output folder but its lock; none where there is no such folder.

    Raises OutputError for a file of that name.
    """
    if not storage.is_folder(folder):
        if storage.exists(folder):
            raise OutputError(f"{folder}: it is a file; name a new folder")
        return {}
    found = storage.files_below(folder)
    found.pop(f"{UNFINISHED}/{_LOCK}", None)
    return found


@contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Keep other runs out of a folder until the block, or this process, ends.

    Object stores, and some network file systems, have no locks. Raises OutputError where another
    run is at work.
    """
    if is_url(folder):
        yield
        return
    storage.make_folder(folder)
    path = storage.join(folder, _LOCK)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "ab"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"{folder}: another run is at work there; wait for it, or name a new folder"
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise unwritable(path, error) from None
        try:
            yield
        finally:
            with suppress(OSError):  # gone, or there is more in the folder
                os.unlink(path)
                os.rmdir(folder)


def _save(path: str, about: dict[str, Any]) -> None:
    with storage.writing(path) as file:
        file.write(encoded(about) + b"\n")


def _load(path: str, kind: type[Noted]) -> Noted:
    """What `_save` wrote. Raises OutputError for anything else."""
    try:
        return typed(kind, parsed(storage.read_document(path)))
    except DocumentError as error:
        raise OutputError(f"{path}: damaged, or not ours ({error}); name a new folder") from None

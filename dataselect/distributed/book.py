"""The book of a distributed run: what is done, kept beside the output until all is.

An output folder is complete when it has a manifest, and no folder of unfinished work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from dataselect.distributed import storage
from dataselect.distributed.shards import UNFINISHED
from dataselect.errors import OutputError
from dataselect.inputs import MANIFEST
from dataselect.records import encoded
from dataselect.report import versions
from dataselect.runs import Counts
from dataselect.tally import Tally

if TYPE_CHECKING:
    from dataselect.distributed.shards import Shard
    from dataselect.distributed.tasks import Folders

_RUN, _NOTES = "run.json", "notes"


def digest(*facts: Any) -> str:
    """SHA-256 of anything that JSON can say, in hexadecimal."""
    return hashlib.sha256(encoded(facts)).hexdigest()


class Outcome(NamedTuple):
    """What a whole run did: what it counted, and the counts of each group."""

    tally: Tally
    per: dict[str, Counts]


class Book:
    """Notes on the shards of a run, each under a key of all that its result depends on."""

    def __init__(self, folders: Folders, *, resume: bool) -> None:
        """Open the book of an output folder, or begin one.

        Raises OutputError for a folder that has something in it, unless it is ours to `resume`.
        """
        self._folders = folders
        self._present: set[str] = set()
        self._former: set[str] = set()  # names of shards that an earlier run wrote
        self._manifest: dict[str, Any] | None = None
        for folder in folders.outputs:
            self._look_at(folder, resume=resume)
        self._read()

    def _look_at(self, folder: str, *, resume: bool) -> None:
        found = storage.files_below(folder) if storage.is_folder(folder) else {}
        if found and not resume:
            raise OutputError(
                f"{folder}: exists already; name a new folder, or go on there with --resume"
            )
        if found and not any(
            name == MANIFEST or name.startswith(f"{UNFINISHED}/") for name in found
        ):
            raise OutputError(f"{folder}: not made by this command; name a new folder")
        self._present |= {storage.join(folder, name) for name in found}

    def _read(self) -> None:
        manifest, run = storage.join(self._folders.kept, MANIFEST), self._scratch(_RUN)
        if run in self._present:
            self._former |= set(_load(run, "shards")["shards"])
        if manifest in self._present:
            found = _load(manifest, "key", "shards", "sizes", "per", "tally")
            self._former |= set(found["shards"])
            if not any(path.startswith(self._scratch("")) for path in self._present):
                self._manifest = found

    # -- One shard -------------------------------------------------------------------------------

    def noted(self, stage: str, shard: Shard, key: str, files: Sequence[str]) -> Tally | None:
        """What a stage found out about a shard, if that still holds and its files are there."""
        path = self._note_path(stage, shard)
        if not self._present.issuperset([path, *files]):
            return None
        note = _load(path, "key", "tally")
        return Tally.of_json(note["tally"]) if note["key"] == key else None

    def forget(self, shard: Shard, stages: Iterable[str]) -> None:
        """Remove an earlier run's notes, before the files change that they tell of.

        Otherwise a run that is stopped now would leave notes of what is there no more.
        """
        for path in self._present.intersection(self._note_path(each, shard) for each in stages):
            storage.remove(path)
            self._present.remove(path)

    def note(self, stage: str, shard: Shard, key: str, tally: Tally) -> None:
        """Take note of what is done. Raises OutputError."""
        _save(self._note_path(stage, shard), {"key": key, "tally": tally.as_json()})

    # -- The whole run ---------------------------------------------------------------------------

    def finished(self, key: str) -> Outcome | None:
        """What an earlier run did, if it is complete, and this one would do the same."""
        done = self._manifest
        if done is None or done["key"] != key:
            return None
        for folder, sizes in zip(self._folders.outputs, done["sizes"], strict=True):
            found = storage.files_below(folder)
            if any(name not in found or found[name].size != size for name, size in sizes.items()):
                return None
        per = {name: Counts(**counts) for name, counts in done["per"].items()}
        return Outcome(Tally.of_json(done["tally"]), per)

    def begin(self, shards: Sequence[Shard]) -> None:
        """Mark the output folders as unfinished. Raises OutputError."""
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
            "tally": outcome.tally.as_json(),
        }
        for folder in reversed(self._folders.outputs):
            _save(storage.join(folder, MANIFEST), manifest)
            storage.remove_folder(storage.join(folder, UNFINISHED))

    def take_back(self, shards: Sequence[Shard]) -> None:
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


def _save(path: str, about: dict[str, Any]) -> None:
    with storage.writing(path) as file:
        file.write(encoded(about) + b"\n")


def _load(path: str, *names: str) -> dict[str, Any]:
    """What `_save` wrote. Raises OutputError for what has not all of `names`."""
    try:
        found = orjson.loads(storage.read_bytes(path))
        return {name: found[name] for name in names}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise OutputError(f"{path}: damaged, or not ours; name a new folder") from None

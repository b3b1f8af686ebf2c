"""A run over shards: where it writes, what is done already, and how it ends."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from dataselect.console import say
from dataselect.data import storage
from dataselect.data.fields import POSITION
from dataselect.data.files.input_names import UNFINISHED
from dataselect.data.files.sinks import STDOUT
from dataselect.data.storage import is_url
from dataselect.errors import OptionError, RequirementError
from dataselect.execution.counting.counts import Counts
from dataselect.execution.distributed.checkpoint import Checkpoint, digest
from dataselect.execution.distributed.phases import Phases
from dataselect.execution.distributed.shipping import digest_of, pack
from dataselect.execution.distributed.tasks import CheckShard, Folders
from dataselect.execution.run import Settings
from dataselect.execution.scoring_run import ScoringRun
from dataselect.versions import versions

if TYPE_CHECKING:
    from contextlib import ExitStack

    from dataselect.data.fields import Column
    from dataselect.data.input_files import Inputs
    from dataselect.execution.block import BlockTask
    from dataselect.execution.distributed.shard_pool import ShardPool
    from dataselect.execution.scorer import Scorer


class DistributedRun(ScoringRun):
    """A run over shards on a cluster: the output is a folder of shards with the same names.

    So are rejects and bad records, where they are collected. With `resume`, what an earlier run
    into the same folder has done is not done again.
    """

    def __init__(
        self,
        pool: ShardPool,
        settings: Settings,
        *,
        also_read: Sequence[Inputs] = (),
        resume: bool = False,
        only_fits: bool = False,
    ) -> None:
        """`only_fits`: nothing is going to be scored, and no folder is written.

        Raises OptionError for outputs that cannot be folders of shards.
        """
        super().__init__(pool, settings, also_read=also_read)
        self._pool, self._resume = pool, resume
        self._is_unfinished = False
        if settings.output == STDOUT and not only_fits:
            raise OptionError("--engine ray writes a folder of shards; give -o FOLDER")
        self._folders = Folders(
            kept=settings.output,
            scratch=storage.join(settings.output, UNFINISHED),
            dropped=settings.rejects,
            bad=settings.on_error if self.collects_bad else None,
        )
        _refuse_file_within(settings.report, self._folders.outputs)
        read = [path for each in (pool, *also_read) for path in each.paths]
        _refuse_overlaps(self._folders.outputs, read, pool.folders)

    def check_pool(self, scorer: Scorer) -> None:
        """Read the shards for their bad records alone. Raises InputError where one ends the run."""
        cluster, folders = self._pool.cluster, Folders("", "")
        work = pack(scorer, cluster.keep, with_files=not cluster.is_one_machine)
        end = self.stops_at_first
        tasks = (CheckShard(each, work, folders, stop_at_first=end) for each in self._pool.shards)
        for _, found in self._pool.each("checking", tasks):
            self.statistics.add(found)

    def _open(self, stack: ExitStack) -> None:
        self._report = self._outputs.open(self.settings.report) if self.settings.report else None
        stack.callback(self._leave)

    def _leave(self) -> None:
        """Let the cluster go, and say what is left behind."""
        self._pool.cluster.close()
        if self._is_unfinished and not self.settings.quiet:
            say(f"{self._folders.kept}: not complete; --resume keeps what is done")

    def _carry_out(self, work: BlockTask, development: Column) -> dict[str, Counts]:
        work = replace(work, only_fields=True)
        keys = self._keys(work)
        again = sum(not storage.tells_changes(shard.identity) for shard in self._pool.shards)
        if self._resume and again and not self.settings.quiet:
            say(f"{again:,} shards are done again: nothing tells whether they have changed")
        run = digest(keys, asdict(work.selection), work.wants_dropped, self.settings.seed)
        with closing(Checkpoint(self._folders, resume=self._resume)) as checkpoint:
            outcome = checkpoint.finished(run)
            if outcome is None:
                self._pool.cluster.start()
                checkpoint.begin(self._pool.shards)
                self._is_unfinished = True
                stages = Phases(self._pool, self._folders, self.settings, checkpoint, work, keys)
                outcome = stages.filtered() if work.decides else stages.ranked()
                self.statistics.add(outcome.statistics)
                self._require_enough(checkpoint, work.scorer.remedy)
                self._outputs.check()  # the report is to appear with the folders
                checkpoint.finish(run, self._pool.shards, outcome)
                self._is_unfinished = False
            else:
                self.statistics.add(outcome.statistics)
        self._duplicates = outcome.duplicates
        return outcome.per

    def _require_enough(self, checkpoint: Checkpoint, remedy: str) -> None:
        """Raise RequirementError, and take back what was written, where too little is kept."""
        self.counts.check()
        try:
            self.require(self.counts.kept, remedy)
        except RequirementError:
            checkpoint.remove_outputs(self._pool.shards)
            raise

    def _keys(self, work: BlockTask) -> dict[str, str]:
        """For each shard, by its name, a digest of all that its scoring depends on.

        One whose server does not tell whether it has changed gets another digest each time.
        """
        shared = digest(
            versions(),
            digest_of(work.scorer),
            work.text_field,
            work.selection.cost,
            work.selection.per,
            work.stop_at_first,
            work.selection.compares_texts,
            None if work.excluded_keys is None else work.excluded_keys.tolist(),
            self.collects_bad,
            self.settings.report is not None,
        )
        by_position = POSITION in work.scorer.columns
        keys, before = {}, ""
        for shard in self._pool.shards:
            known = storage.tells_changes(shard.identity)
            identity = shard.identity if known else secrets.token_hex()
            keys[shard.name] = digest(shared, before, shard.path, identity)
            before = keys[shard.name] if by_position else ""
        return keys

    def _input_digests(self) -> dict[str, str]:
        found = self.statistics.digests
        return {path: found[path] for path in self._pool.paths if path in found}


def _refuse_overlaps(
    written: Sequence[str], read: Sequence[str], read_folders: Sequence[str]
) -> None:
    """Raise OptionError if a folder that is written is in one that is read or written.

    Or if a file that is read is in one that is written.
    """
    for number, folder in enumerate(written):
        for path in read:
            if _is_below(path, folder):
                raise OptionError(f"{folder} is written, and {path} is read; name another folder")
        for other in read_folders:
            if _is_below(folder, other):
                raise OptionError(f"{folder} is in {other}, which is read; name one elsewhere")
        for other in written[:number]:
            if _is_below(folder, other) or _is_below(other, folder):
                raise OptionError(f"{folder} and {other} overlap; give each a folder of its own")


def _refuse_file_within(path: str | None, folders: Sequence[str]) -> None:
    """Raise OptionError for a report among the shards of an output."""
    for folder in folders:
        if path is not None and _is_below(path, folder):
            raise OptionError(f"{path} is in {folder}, which holds shards only; name one elsewhere")


def _is_below(path: str, folder: str) -> bool:
    """Whether a file or folder is in another folder, or the same."""
    return _place(path).startswith(_place(folder))


def _place(path: str) -> str:
    """The one name of a file or folder, with a slash at its end."""
    return storage.join(path.rstrip("/") if is_url(path) else os.path.realpath(path), "")

"""The one loop: read, score, select, write; with workers, guards, rejects and the run report."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from dataselect import records
from dataselect.errors import GuardError, InputError
from dataselect.outputs import STDOUT, Outputs
from dataselect.progress import Progress
from dataselect.report import Distribution, signature, versions
from dataselect.selection import Cut, gain
from dataselect.spool import Spool
from dataselect.work import Scored, Work
from dataselect.workers import ordered_map

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.inputs import Inputs
    from dataselect.records import BadRecord
    from dataselect.scoring import Scorer
    from dataselect.selection import Direction, Selection

FAIL, SKIP = "fail", "skip"
_BATCH_RECORDS = 4096


@dataclass(frozen=True)
class Settings:
    """How a run treats files and records, whatever the command.

    `on_error` is `fail`, `skip`, or a path that collects bad lines. `sort` writes best first.
    """

    output: str = STDOUT
    rejects: str | None = None
    on_error: str = FAIL
    report: str | None = None
    sort: bool = False
    jobs: int = 1
    seed: int = 0
    min_records: int = 0
    allow_empty: bool = False
    text_field: str = "text"
    quiet: bool = True


@dataclass
class Counts:
    """Every record is counted once: `read` = `kept` + `dropped` + `errors`."""

    read: int = 0
    kept: int = 0
    dropped: int = 0
    errors: int = 0

    def check(self) -> None:
        """Raise if a record was lost."""
        if self.read != self.kept + self.dropped + self.errors:
            raise AssertionError(f"records were lost; please report this as a bug: {self}")


@dataclass(frozen=True)
class Result:
    """What a run did. `cut` is the worst score that was kept; `warnings` are for people."""

    counts: Counts
    rule: str
    measure: str
    direction: str
    cut: float | None
    per: dict[str, Counts] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One line for people."""
        counts = self.counts
        share = 100 * counts.kept / counts.read if counts.read else 0.0
        words = f"kept {counts.kept:,} of {counts.read:,} records ({share:.1f} %)"
        if self.cut is not None and self.rule != "everything":
            side = "and above" if self.direction == "high" else "and below"
            words += f", {self.measure} {self.cut:.9g} {side}"
        return words + (f"; {counts.errors:,} bad records left out" if counts.errors else "")


class Run:
    """One command's run over its inputs. All its files appear together at the end, or none.

    >>> with Run(Inputs(["pool.jsonl"]), Settings(output="kept.jsonl")) as run:  # doctest: +SKIP
    ...     result = run.apply(scorer, Selection(top_k=1000))
    """

    def __init__(
        self, inputs: Inputs, settings: Settings, *, also_read: Sequence[Inputs] = ()
    ) -> None:
        """`also_read`: files that are read elsewhere, and must not be written either."""
        self.inputs, self.settings = inputs, settings
        self.facts: dict[str, Any] = {}
        read: dict[tuple[int, int] | tuple[str], str] = {
            key: path for each in (inputs, *also_read) for key, path in each.identities().items()
        }
        self._outputs = Outputs(read)
        self._counts = Counts()
        self._distribution = Distribution()
        self._cut_gain = float("inf")

    def __enter__(self) -> Run:
        settings = self.settings
        with ExitStack() as stack:
            stack.enter_context(self._outputs)
            collects = settings.on_error not in (FAIL, SKIP)
            self._kept = self._outputs.open(settings.output)
            self._dropped = self._outputs.open(settings.rejects) if settings.rejects else None
            self._bad = self._outputs.open(settings.on_error) if collects else None
            self._report = self._outputs.open(settings.report) if settings.report else None
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write_file(self, path: str, data: bytes) -> None:
        """Add one more file, a fitted model, to those that appear at the end."""
        self._outputs.open(path).write(data)

    def apply(self, scorer: Scorer, selection: Selection) -> Result:
        """Score every record and keep what the selection keeps. Raises any DataselectError."""
        work = Work(
            scorer,
            selection,
            self.settings.text_field,
            decides=selection.streams and not self.settings.sort,
            wants_dropped=self._dropped is not None,
            stop_at_first=self.settings.on_error == FAIL,
        )
        per: dict[str, Counts] = {}
        with ExitStack() as stack:  # closed here, so that workers end before anything is said
            blocks = stack.enter_context(closing(self._scored(work)))
            if work.decides:
                for block in blocks:
                    assert block.cut is not None
                    self._count(block.scores, block.cut, scorer.direction)
                    self._write(block.text, block.dropped)
            else:
                spool = stack.enter_context(closing(Spool()))
                for block in blocks:
                    spool.add(block.text, block.scores, block.costs, block.groups)
                per = self._select(work, spool)
        self._counts.check()
        self._guard(self._counts.kept)
        result = self._result(work, per)
        self._report_run(scorer, selection, result)
        return result

    def write_records(
        self, items: Iterable[bytes | BadRecord], noun: str, *, head: bytes = b""
    ) -> Result:
        """Write records that were made rather than selected, each a line without its line feed.

        `head` is written before them as it is, and does not count.
        """
        batch: list[bytes] = []
        if head:
            self._kept.write(head)
        with Progress(noun, self.inputs.size, quiet=self.settings.quiet) as progress:
            for item in items:
                self._counts.read += 1
                if isinstance(item, bytes):
                    batch.append(item)
                    self._counts.kept += 1
                else:
                    self._counts.errors += 1
                    self._refuse([item])
                if len(batch) == _BATCH_RECORDS:
                    self._kept.write(b"\n".join([*batch, b""]))
                    batch.clear()
                    progress.update(self.inputs.meter.bytes_read, self._counts.read)
        if batch:
            self._kept.write(b"\n".join([*batch, b""]))
        self._counts.check()
        self._guard(self._counts.kept, "look at what is read")
        self._write_report(noun, self.facts, {}, {})
        return Result(self._counts, "everything", noun, "high", None)

    def _scored(self, work: Work) -> Generator[Scored, None, None]:
        """Blocks after scoring, in order; bad records are dealt with on the way."""
        settings, counts = self.settings, self._counts
        with (
            Progress(work.scorer.noun, self.inputs.size, quiet=settings.quiet) as progress,
            closing(ordered_map(work, self.inputs.blocks(), settings.jobs)) as blocks,
        ):
            for block in blocks:
                counts.read += len(block.scores) + len(block.bad)
                counts.errors += len(block.bad)
                if block.bad:
                    self._refuse(block.bad)
                if self._report is not None:
                    self._distribution.add(block.scores)
                yield block
                progress.update(self.inputs.meter.bytes_read, counts.read)

    def _refuse(self, bad: Sequence[BadRecord]) -> None:
        if self.settings.on_error == FAIL:
            raise InputError(str(bad[0]))
        if self._bad is not None:
            self._bad.write(b"".join(record.as_json() for record in bad))

    def _select(self, work: Work, spool: Spool) -> dict[str, Counts]:
        """Cut a spool whose scores are all known, and write. Returns the counts of each group."""
        import numpy as np

        scores, direction = spool.scores, work.scorer.direction
        cut = work.selection.cut(
            scores,
            direction,
            costs=spool.costs,
            groups=spool.groups,
            rng=np.random.default_rng(self.settings.seed),
        )
        self._guard(int(cut.kept.sum()))  # before anything reaches standard output
        self._count(scores, cut, direction)
        for first, lines in spool.batches():
            own = Cut(cut.fates[first : first + len(lines)], cut.reasons)
            kept, dropped = work.write(lines, own, {})
            self._write(b"" if self.settings.sort else kept, dropped)
        if self.settings.sort:
            for lines in spool.ranked(cut.kept, gain(scores, direction)):
                everything = Cut(np.zeros(len(lines), np.uint8), cut.reasons)
                self._write(*work.write(lines, everything, {}))
        if spool.groups is None:
            return {}
        codes, names = spool.groups
        read = np.bincount(codes, minlength=len(names)).tolist()
        kept = np.bincount(codes[cut.kept], minlength=len(names)).tolist()
        return {
            name: Counts(read=r, kept=k, dropped=r - k)
            for name, r, k in zip(names, read, kept, strict=True)
        }

    def _count(self, scores: NDArray[np.float64], cut: Cut, direction: Direction) -> None:
        kept = scores[cut.kept]
        self._counts.kept += len(kept)
        self._counts.dropped += len(scores) - len(kept)
        if len(kept):
            self._cut_gain = min(self._cut_gain, float(gain(kept, direction).min()))

    def _write(self, kept: bytes, dropped: bytes) -> None:
        if kept:
            self._kept.write(kept)
        if self._dropped is not None and dropped:
            self._dropped.write(dropped)

    def _guard(self, kept: int, remedy: str = "loosen the selection") -> None:
        settings = self.settings
        if kept == 0 and not settings.allow_empty:
            raise GuardError(
                f"nothing was kept of {self._counts.read:,} records; "
                f"{remedy}, or accept it with --allow-empty"
            )
        if kept < settings.min_records:
            raise GuardError(
                f"kept {kept:,} of {self._counts.read:,} records, "
                f"fewer than --min-records {settings.min_records:,}"
            )

    def _result(self, work: Work, per: dict[str, Counts]) -> Result:
        counts, selection = self._counts, work.selection
        warnings = work.scorer.warnings()
        if selection.selects and counts.kept + counts.errors == counts.read:
            warnings.append(f"{selection.describe()} keeps every record")
        if selection.selects and not counts.kept:
            warnings.append(f"{selection.describe()} keeps no record")
        direction = work.scorer.direction
        cut = None if self._cut_gain == float("inf") else float(gain(self._cut_gain, direction))
        return Result(
            counts, selection.describe(), work.scorer.measure, direction, cut, per, warnings
        )

    def report_fit(self, scorer: Scorer) -> None:
        """Report on a scorer that was fitted and scores nothing now."""
        described = scorer.describe()
        facts = described.pop("signature", {})
        self._write_report(scorer.noun, facts, {}, {scorer.noun: described})

    def _report_run(self, scorer: Scorer, selection: Selection, result: Result) -> None:
        described = scorer.describe()
        facts = {**described.pop("signature", {}), "select": result.rule}
        self._write_report(
            scorer.noun,
            facts,
            asdict(selection),
            {
                "per": {name: asdict(counts) for name, counts in result.per.items()},
                "cut": {"rule": result.rule, "score": result.cut, "direction": result.direction},
                "quantiles": self._distribution.quantiles(),
                "warnings": result.warnings,
                scorer.noun: described,
            },
        )

    def _write_report(
        self, command: str, facts: dict[str, Any], options: dict[str, Any], more: dict[str, Any]
    ) -> None:
        """Write what every report has, and `more`; `facts` go into the signature."""
        if self._report is None:
            return
        report = {
            "command": command,
            "signature": signature(command, {**facts, "seed": self.settings.seed}),
            "versions": versions(),
            "options": {**asdict(self.settings), **options, **self.facts},
            "inputs": self.inputs.meter.digests(),
            "counts": asdict(self._counts),
            **more,
        }
        self._report.write(records.encoded(report, indent=True) + b"\n")

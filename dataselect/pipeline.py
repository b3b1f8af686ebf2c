"""The one loop of commands that score: read, score, select, write."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from dataselect import records
from dataselect.errors import InputError, OptionError
from dataselect.inputs import Inputs, numbered
from dataselect.progress import Progress
from dataselect.report import Distribution
from dataselect.runs import Counts, Run, Settings
from dataselect.selection import EVERYTHING, OUT_OF_ORDER, Cut, gain
from dataselect.spool import Spool
from dataselect.sweep import sweep
from dataselect.texts import read_columns
from dataselect.work import Scored, Work
from dataselect.workers import ordered_map

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.records import Column
    from dataselect.scoring import Scorer
    from dataselect.selection import Direction, Selection
    from dataselect.sweep import Sweep


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
    sweep: Sweep | None = None

    def summary(self) -> str:
        """One line for people."""
        rule = ""
        if self.cut is not None and self.rule != EVERYTHING:
            side = "and above" if self.direction == "high" else "and below"
            if any(option in self.rule for option in OUT_OF_ORDER):
                side = "at worst"
            rule = f", {self.measure} {self.cut:.9g} {side}"
        return self.counts.summary(rule) + (f"; {self.sweep.summary()}" if self.sweep else "")


_LOOSEN = "loosen the selection"


class Pipeline(Run):
    """A run that scores every record and keeps what a selection keeps.

    >>> files = Inputs(["pool.jsonl"]), Settings(output="kept.jsonl")
    >>> with Pipeline(*files) as run:  # doctest: +SKIP
    ...     result = run.apply(scorer, Selection(top_k=1000))
    """

    def __init__(
        self, inputs: Inputs, settings: Settings, *, also_read: Sequence[Inputs] = ()
    ) -> None:
        super().__init__(inputs, settings, also_read=also_read)
        self._distribution = Distribution()
        self._remarks: Counter[str] = Counter()
        self._cut_gain = float("inf")
        self._development: list[str] = []
        self._sweep: Sweep | None = None

    def apply(
        self, scorer: Scorer, selection: Selection, *, development: Column | None = None
    ) -> Result:
        """Score every record and keep what the selection keeps. Raises any DataselectError.

        `development`: where the file of `--auto` has its text, if not where records have theirs.
        """
        _refuse_to_replace_what_is_read(scorer)
        work = Work(
            scorer,
            selection,
            self.settings.text_field,
            decides=selection.streams and not self.settings.sort,
            wants_dropped=self._rejects is not None,
            stop_at_first=self.stops_at_first,
        )
        if selection.auto is not None:
            text = development or records.text(self.settings.text_field)
            [self._development] = read_columns(Inputs([selection.auto]), [text])
            if not self._development:
                raise InputError(f"{selection.auto}: no text to try shares on; check --auto")
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
                    spool.add(
                        block.text,
                        block.scores,
                        block.costs,
                        block.groups,
                        block.excluded,
                        block.order,
                    )
                per = self._select(work, spool)
        self.counts.check()
        self.guard(self.counts.kept, _LOOSEN)
        result = self._result(work, per)
        self._report_run(scorer, selection, result)
        return result

    def _scored(self, work: Work) -> Generator[Scored, None, None]:
        """Blocks after scoring, in order; bad records are dealt with on the way."""
        settings, counts = self.settings, self.counts
        jobs = settings.jobs if work.scorer.parallel else 1
        given = self.inputs.blocks()
        if records.POSITION in work.scorer.columns:
            given = numbered(given)
        with (
            Progress(work.scorer.noun, self.inputs.size, quiet=settings.quiet) as progress,
            closing(ordered_map(work, given, jobs)) as blocks,
        ):
            for block in blocks:
                counts.read += len(block.scores) + len(block.bad)
                self.refuse(block.bad)
                if settings.report is not None:
                    self._distribution.add(block.ranked_scores)
                self._remarks.update(dict(block.remarks))
                yield block
                progress.update(self.inputs.meter.bytes_read, counts.read)

    def _select(self, work: Work, spool: Spool) -> dict[str, Counts]:
        """Cut a spool whose scores are all known, and write. Returns the counts of each group."""
        import numpy as np

        scores, direction = spool.scores, work.scorer.direction
        cut = self._cut(work, spool)
        self.guard(int(cut.kept.sum()), _LOOSEN)  # before anything reaches standard output
        self._count(scores, cut, direction)
        buckets = work.selection.bucket(scores, direction) if work.selection.buckets else None
        for first, lines in spool.batches():
            here = np.arange(first, first + len(lines))
            own = Cut(cut.fates[here], cut.reasons)
            kept, dropped = work.write(lines, own, _bucket_field(buckets, here))
            self._write(b"" if self.settings.sort else kept, dropped)
        if self.settings.sort:
            gains = gain(scores, direction) if spool.order is None else -spool.order
            for positions, lines in spool.ranked(cut.kept, gains):
                everything = Cut(np.zeros(len(lines), np.uint8), cut.reasons)
                self._write(*work.write(lines, everything, _bucket_field(buckets, positions)))
        if spool.groups is None:
            return {}
        codes, names = spool.groups
        read = np.bincount(codes, minlength=len(names)).tolist()
        kept = np.bincount(codes[cut.kept], minlength=len(names)).tolist()
        return {
            name: Counts(read=r, kept=k, dropped=r - k)
            for name, r, k in zip(names, read, kept, strict=True)
        }

    def _cut(self, work: Work, spool: Spool) -> Cut:
        """Decide every record's fate, by the best share of a sweep where `--auto` asks for it."""
        import numpy as np

        def cut(selection: Selection) -> Cut:
            return selection.cut(
                spool.scores,
                work.scorer.direction,
                costs=spool.costs,
                groups=spool.groups,
                excluded=work.excluded(spool.excluded),
                rng=np.random.default_rng(self.settings.seed),
            )

        selection = work.selection
        if selection.auto is None:
            return cut(selection)
        self._sweep = sweep(
            spool.values(records.text(self.settings.text_field)),
            self._development,
            lambda share: cut(selection.with_share(share)).kept,
            np.random.default_rng(self.settings.seed),
        )
        return cut(selection.with_share(self._sweep.best.share if self._sweep else Fraction(1)))

    def _count(self, scores: NDArray[np.float64], cut: Cut, direction: Direction) -> None:
        kept = scores[cut.kept]
        self.counts.kept += len(kept)
        self.counts.dropped += len(scores) - len(kept)
        if len(kept):
            self._cut_gain = min(self._cut_gain, float(gain(kept, direction).min()))

    def _write(self, kept: bytes, dropped: bytes) -> None:
        if kept:
            self.write(kept)
        if self._rejects is not None and dropped:
            self._rejects.write(dropped)

    def _result(self, work: Work, per: dict[str, Counts]) -> Result:
        counts, selection = self.counts, work.selection
        warnings = work.scorer.warnings()
        warnings += [f"{count:,} records {what}" for what, count in self._remarks.items()]
        if selection.selects and counts.kept and counts.kept + counts.errors == counts.read:
            warnings.append(f"{selection.describe()} keeps every record")
        if selection.selects and not counts.kept:
            warnings.append(f"{selection.describe()} keeps no record")
        warnings += self._sweep.warnings() if self._sweep else []
        direction = work.scorer.direction
        cut = None if self._cut_gain == float("inf") else float(gain(self._cut_gain, direction))
        return Result(
            counts,
            selection.describe(),
            work.scorer.measure,
            direction,
            cut,
            per,
            warnings,
            self._sweep,
        )

    def report_fit(self, scorer: Scorer) -> None:
        """Report on a scorer that was fitted and scores nothing now."""
        described = scorer.describe()
        self.report(scorer.noun, described.pop("signature", {}), **{scorer.noun: described})

    def _report_run(self, scorer: Scorer, selection: Selection, result: Result) -> None:
        if self.settings.report is None:
            return
        described = scorer.describe()
        self.facts = {**asdict(selection), **self.facts}
        self.report(
            scorer.noun,
            {**described.pop("signature", {}), "select": result.rule},
            per={name: asdict(counts) for name, counts in result.per.items()},
            cut={
                "field": scorer.score_field,
                "rule": result.rule,
                "score": result.cut,
                "direction": result.direction,
            },
            auto=result.sweep.describe() if result.sweep else None,
            quantiles=self._distribution.quantiles(),
            warnings=result.warnings,
            **{scorer.noun: described},
        )


def _refuse_to_replace_what_is_read(scorer: Scorer) -> None:
    """Raise OptionError for a field that is read and added, or added twice."""
    read = [column.path for column in scorer.columns if column is not records.POSITION]
    used = read + list(scorer.adds)
    for name in used:
        if used.count(name) > 1:
            raise OptionError(f"field '{name}' has two uses here; name another field, or rename it")


def _bucket_field(buckets: NDArray[np.intp] | None, positions: NDArray[np.intp]) -> records.Fields:
    """The field `bucket` of some records, where buckets are asked for."""
    if buckets is None:
        return {}
    return {"bucket": [b"%d" % bucket for bucket in buckets[positions].tolist()]}

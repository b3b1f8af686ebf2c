"""How commands end: the model they keep, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataselect.console import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.command_line.options import ModelOptions
    from dataselect.execution.run import Settings
    from dataselect.execution.scorer import FittedScorer
    from dataselect.execution.scoring_run import Result, ScoringRun
    from dataselect.selection.ranking import Direction
    from dataselect.selection.rule import Selection


def note(message: str, *more: str, quiet: bool) -> None:
    """One line for people on standard error, and a line for each of what is listed beneath it."""
    if not quiet:
        say(message, *more)


def warn(warnings: Iterable[str], settings: Settings) -> None:
    """Print warnings, a line each."""
    for warning in warnings:
        note(f"warning: {warning}", quiet=settings.quiet)


def finish(result: Result, settings: Settings) -> None:
    """Print warnings and the summary."""
    warn(result.warnings, settings)
    note(result.summary(), quiet=settings.quiet)


def calibrated(
    rule: Selection, held_out: NDArray[np.float64], direction: Direction, job: ScoringRun
) -> Selection:
    """The rule with a threshold for `--calibrate`; the run tells what that rests on."""
    from dataselect.selection.plausibility import Calibration

    if rule.calibrate is not None:
        job.calibration = Calibration.of(rule.calibrate, len(held_out))
    return rule.calibrated(held_out, direction)


def save(fitted: ModelOptions, scorer: FittedScorer, job: ScoringRun) -> bool:
    """Write the model where that is asked for. Returns whether it is all that is asked for."""
    if fitted.save_model is not None:
        job.write_file(fitted.save_model, scorer.dumps())
    if fitted.fit_only:
        job.check_pool(scorer)
        job.report_fit(scorer)
        warn(job.warnings, job.settings)
        counts = job.counts
        if counts.errors:
            words = f"{counts.errors:,} bad records of {counts.read:,} left out"
            note(words, quiet=job.settings.quiet)
    return fitted.fit_only

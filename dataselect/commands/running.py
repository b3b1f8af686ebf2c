"""What commands say when a run has ended."""

from collections.abc import Iterable

from dataselect.messages import say
from dataselect.pipeline import Result
from dataselect.runs import Settings


def note(message: str, *, quiet: bool) -> None:
    """One line for people on standard error."""
    if not quiet:
        say(message)


def warn(warnings: Iterable[str], settings: Settings) -> None:
    """Print warnings, a line each."""
    for warning in warnings:
        note(f"warning: {warning}", quiet=settings.quiet)


def finish(result: Result, settings: Settings) -> None:
    """Print warnings and the summary."""
    warn(result.warnings, settings)
    note(result.summary(), quiet=settings.quiet)

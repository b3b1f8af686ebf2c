"""What commands say when a run has ended."""

from dataselect.messages import say
from dataselect.pipeline import Result, Settings


def note(message: str, *, quiet: bool) -> None:
    """One line for people on standard error."""
    if not quiet:
        say(message)


def finish(result: Result, settings: Settings) -> None:
    """Print warnings and the summary."""
    for warning in result.warnings:
        note(f"warning: {warning}", quiet=settings.quiet)
    note(result.summary(), quiet=settings.quiet)

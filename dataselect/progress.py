"""A progress bar on standard error, only where a person can see it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from tqdm import tqdm


class Progress:
    """Bytes read against bytes to read, with the record count and rate; silent off a terminal."""

    def __init__(self, label: str, total: int | None, *, quiet: bool) -> None:
        self._bar: tqdm[None] | None = None
        if quiet or not _is_watched():
            return
        from tqdm import tqdm

        self._bar = tqdm(
            total=total, desc=label, unit="B", unit_scale=True, mininterval=0.2, leave=False
        )

    def update(self, bytes_read: int, records: int) -> None:
        """Show the total of bytes and records so far."""
        if self._bar is not None:
            elapsed = self._bar.format_dict["elapsed"] or 1e-9
            self._bar.set_postfix_str(
                f"{records:,} records, {records / elapsed:,.0f}/s", refresh=False
            )
            self._bar.update(bytes_read - self._bar.n)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()


class Steps:
    """A bar for each piece of work whose size is known, one after the other; silent off a terminal.

    >>> with Steps(quiet=True) as report:
    ...     report("encoding", 10, 200)
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet or not _is_watched()
        self._bar: tqdm[None] | None = None
        self._what = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how much of the work called `what` is done."""
        if self._quiet:
            return
        from tqdm import tqdm

        if self._bar is None or what != self._what:
            self._close()
            self._bar = tqdm(total=total, desc=what, unit_scale=True, mininterval=0.2, leave=False)
            self._what = what
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Steps:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()


def _is_watched() -> bool:
    """Whether a person sees standard error."""
    return sys.stderr is not None and sys.stderr.isatty()

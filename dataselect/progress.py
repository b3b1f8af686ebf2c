"""A progress bar on standard error, only where a person can see it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dataselect.messages import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tqdm import tqdm
    from typing_extensions import Self

_SECONDS_BETWEEN = 0.2


class _Bar:
    """A bar that goes away at the end of a `with` block; none where nobody sees it."""

    def __init__(self, *, quiet: bool) -> None:
        self._silent = quiet or sys.stderr is None or not sys.stderr.isatty()
        self._bar: tqdm[None] | None = None

    def _open(self, label: str, total: int | None, unit: str) -> tqdm[None]:
        """A new bar in place of the one that is there."""
        from tqdm import tqdm

        self._close()
        self._bar = tqdm(
            total=total,
            desc=one_line(label),
            unit=unit,
            unit_scale=True,
            mininterval=_SECONDS_BETWEEN,
            leave=False,
        )
        return self._bar

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()


class Progress(_Bar):
    """Bytes read against bytes to read, with the record count and rate; silent off a terminal."""

    def __init__(self, label: str, total: int | None, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        if not self._silent:
            self._open(label, total, "B")

    def update(self, bytes_read: int, records: int | None = None) -> None:
        """Show the total of bytes so far, and of records where they are counted."""
        if self._bar is not None:
            elapsed = self._bar.format_dict["elapsed"] or 1e-9
            if records is not None:
                self._bar.set_postfix_str(
                    f"{records:,} records, {records / elapsed:,.0f}/s", refresh=False
                )
            self._bar.update(bytes_read - self._bar.n)


class Steps(_Bar):
    """A bar for each piece of work whose size is known, one after the other; silent off a terminal.

    >>> with Steps(quiet=True) as report:
    ...     advance = report("encoding", 200)
    ...     advance(10)
    """

    def __call__(self, what: str, total: int) -> Callable[[int], None]:
        """Begin a piece of work; what is returned is told how much more of it is done."""
        if self._silent:
            return lambda _: None
        bar = self._open(what, total, "")

        def advance(more: int) -> None:
            bar.update(more)

        return advance

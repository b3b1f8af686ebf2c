"""Messages and progress bars on standard error, and tables as text."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tqdm import tqdm
    from typing_extensions import Self

PROGRAM = "dataselect"
# Line and paragraph separators, and what turns the direction of a line round.
_UNSEEN = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_ONE_LINE = (
    {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
    | {
        10: "\\n",
        13: "\\r",
    }
    | {code: f"\\u{code:04x}" for code in _UNSEEN}
)


def one_line(message: object) -> str:
    """A message with control characters spelt out: a file's name may hold a line feed."""
    return str(message).translate(_ONE_LINE)


def printable(text: str) -> str:
    """Text for people, a table, with control characters spelt out but for tabs and line feeds."""
    return text.translate(_LINES)


_LINES = {code: shown for code, shown in _ONE_LINE.items() if code not in (9, 10)}
_FIGURES = 4
_SMALLEST, _LARGEST = -6, 15  # powers of ten between which numbers are written out


def figure(number: float, rounding: str = "ROUND_HALF_EVEN", *, grouped: bool = False) -> str:
    """A number with four significant digits; digits before the point stay.

    `rounding` is one of the module `decimal`. `grouped`: with commas between thousands.

    >>> figure(0.66833402), figure(120412.6), figure(250.0), figure(35990.5, grouped=True)
    ('0.6683', '120413', '250', '35,990')
    """
    from decimal import Decimal  # is not needed to show help

    if not math.isfinite(number):
        return str(number)
    exact = Decimal(repr(float(number) + 0.0))  # no -0
    power = exact.adjusted() if exact else 0
    if not _SMALLEST <= power <= _LARGEST:
        return f"{number:.{_FIGURES}g}"
    rounded = exact.quantize(Decimal(1).scaleb(min(power - _FIGURES + 1, 0)), rounding)
    rounded = rounded.normalize() if rounded % 1 else rounded.quantize(Decimal(1))
    return f"{rounded:,f}" if grouped else f"{rounded:f}"


def say(message: object, *more: str) -> None:
    """Print a message as one line on standard error; where that is closed or full, do without.

    `more`: lines to be listed beneath it.
    """
    if sys.stderr is None:
        return
    try:
        lines = (f"{PROGRAM}: {one_line(message)}", *map(one_line, more))
        print(*lines, sep="\n", file=sys.stderr, flush=True)
    except OSError:
        # What is left in the buffer would fail again at exit, and change the exit code.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


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
        tqdm.monitor_interval = 0  # no thread of its own: workers are copies of this process
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

    def __exit__(self, *_: object) -> None:
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


Report: TypeAlias = "Callable[[str, int], Callable[[int], None]]"
"""Progress callback: `report(label, total)` returns `advance(n)`."""


def unreported(_label: str, _total: int) -> Callable[[int], None]:
    """A `Report` that nobody sees."""
    return lambda _: None


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


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, columns two spaces apart: the first to the left, others right."""
    table = list(rows)
    first_width, *widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join([first.ljust(first_width), *map(str.rjust, others, widths)])
        for first, *others in table
    ]

"""What the program says to people: on standard error, and never worth failing for."""

import contextlib
import math
import os
import sys
from decimal import ROUND_HALF_EVEN, Decimal

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


def figure(number: float, rounding: str = ROUND_HALF_EVEN, *, grouped: bool = False) -> str:
    """A number with four significant digits; digits before the point stay.

    `rounding` is one of the module `decimal`. `grouped`: with commas between thousands.

    >>> figure(0.66833402), figure(120412.6), figure(250.0), figure(35990.5, grouped=True)
    ('0.6683', '120413', '250', '35,990')
    """
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

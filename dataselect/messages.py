"""What the program says to people: on standard error, and never worth failing for."""

import contextlib
import os
import sys

PROGRAM = "dataselect"
_ONE_LINE = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    10: "\\n",
    13: "\\r",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def one_line(message: object) -> str:
    """A message with control characters spelt out: a file's name may hold a line feed."""
    return str(message).translate(_ONE_LINE)


def say(message: object) -> None:
    """Print a message on standard error; where that is closed or full, do without."""
    if sys.stderr is None:
        return
    try:
        print(f"{PROGRAM}: {message}", file=sys.stderr, flush=True)
    except OSError:
        # What is left in the buffer would fail again at exit, and change the exit code.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

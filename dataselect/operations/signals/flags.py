"""Flags: conditions on signals, with thresholds that users set."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from dataselect.data.conditions import COMPARISONS, CONDITION
from dataselect.errors import OptionError

MOST_FLAGS = 100

_SIGNS = frozenset({">", ">=", "<", "<="})
_LIMIT = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?")


@dataclass(frozen=True)
class Flag:
    """A signal on the wrong side of a limit: `Flag("cer", ">", 0.3)`."""

    signal: str
    sign: str
    limit: float

    def __str__(self) -> str:
        return f"{self.signal}{self.sign}{self.limit:g}"

    def holds(self, values: Any) -> Any:
        """(n,) whether each value is on the wrong side."""
        return COMPARISONS[self.sign](values, self.limit)


def parse_flags(given: Sequence[str]) -> tuple[Flag, ...]:
    """Read conditions such as `cer>0.3`. Raises OptionError.

    >>> [str(flag) for flag in parse_flags(["cer > .3"])]
    ['cer>0.3']
    """
    if len(given) > MOST_FLAGS:
        raise OptionError(f"--flag: {len(given)} of them; give up to {MOST_FLAGS}")
    flags = []
    for spelled in given:
        found = CONDITION.fullmatch(spelled)
        if not found or found[2] not in _SIGNS or not _LIMIT.fullmatch(found[3]):
            raise OptionError(f"--flag '{spelled}' is no condition; write such as 'cer>0.3'")
        signal, sign, limit = found.groups()
        flags.append(Flag(signal, sign, float(limit)))
    return tuple(dict.fromkeys(flags))


def check_signal(option: str, signal: str, signals: Collection[str]) -> None:
    """Raise OptionError unless a signal is one of those that are there."""
    if signal not in signals:
        raise OptionError(
            f"{option}: '{signal}' is none of the signals that there are: {', '.join(signals)}; "
            "wer and cer need --reference-field, rates --duration-field, agreement "
            "--agreement-fields, outside_script --script"
        )

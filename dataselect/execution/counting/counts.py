"""What became of the records of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counts:
    """Every record is counted once: `read` = `kept` + `dropped` + `errors`."""

    read: int = 0
    kept: int = 0
    dropped: int = 0
    errors: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a number under 0."""
        if min(self.read, self.kept, self.dropped, self.errors) < 0:
            raise ValueError("a count under 0")

    def check(self) -> None:
        """Raise if a record was lost."""
        if self.read != self.kept + self.dropped + self.errors:
            raise AssertionError(f"records were lost; please report this as a bug: {self}")

    def summary(self, rule: str = "") -> str:
        """What became of them, for people; `rule` is what was kept."""
        share = 100 * self.kept / self.read if self.read else 0.0
        words = f"kept {self.kept:,} of {self.read:,} records ({share:.1f} %){rule}"
        records = "record" if self.errors == 1 else "records"
        return words + (f"; {self.errors:,} bad {records} left out" if self.errors else "")

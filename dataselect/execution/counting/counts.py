"""What became of the records of a run."""

from __future__ import annotations

from dataclasses import dataclass

from dataselect.documents import Count


@dataclass
class Counts:
    """Every record is counted once: `read` = `kept` + `dropped` + `errors`."""

    read: Count = 0
    kept: Count = 0
    dropped: Count = 0
    errors: Count = 0

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

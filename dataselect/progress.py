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
        if quiet or sys.stderr is None or not sys.stderr.isatty():
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

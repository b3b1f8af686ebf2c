"""Flips as plain text: a row a kind of swap, beside its control."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dataselect.console import aligned

if TYPE_CHECKING:
    from dataselect.analysis.counterfactual.flips import SwapResult
    from dataselect.analysis.counterfactual.judge import Judge


def flips_table(found: Sequence[SwapResult], judge: Judge, threshold: float | None) -> str:
    """Lines that end with a line feed each; `threshold`: what decided, None for nothing."""
    rows: list[tuple[str, ...]] = [
        (
            *("swapped", "records", "flips", "95 %", "reworded", "95 %", "difference", "95 %"),
            *("lost", "gained", "moved", "reworded"),
        )
    ]
    for each in found:
        if each.is_small:
            rows.append((each.kind, f"{each.records:,}", "too few to say", *[""] * 9))
            continue
        rows.append(
            (
                each.kind,
                f"{each.records:,}",
                *(
                    shown
                    for rate, sign in ((each.flips, ""), (each.control, ""), (each.difference, "+"))
                    for shown in (
                        f"{100 * rate.value:{sign}.1f} %",
                        f"[{100 * rate.low:{sign}.1f}, {100 * rate.high:{sign}.1f}]",
                    )
                ),
                f"{100 * each.lost:.1f} %",
                f"{100 * each.gained:.1f} %",
                f"{each.moved:.3g}",
                f"{each.moved_by_control:.3g}",
            )
        )
    side = "at least" if judge.direction == "high" else "at most"
    kept = "everything" if threshold is None else f"{judge.measure} {side} {threshold:.6g}"
    notes = [
        f"kept: {kept}",
        "flips: variants with another decision; reworded: the same of rewordings of these records",
        "lost: variants dropped of records that were kept; gained: the reverse",
        f"moved: the mean change of {judge.measure}, up or down",
    ]
    return "".join(f"{line.rstrip()}\n" for line in [*aligned(rows), "", *notes])

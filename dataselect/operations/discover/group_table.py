"""The groups as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataselect.console import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.operations.discover.intent_groups import IntentGroup

_MOST = 20


def group_table(groups: Sequence[IntentGroup]) -> list[str]:
    """A title, and a line a group, the first ones of many."""
    rows = [("group", "records", "cohesion", "near")]
    for each in groups[:_MOST]:
        name = f"{each.group}  {each.name}"
        rows.append((name, f"{each.records:,}", f"{each.cohesion:.2f}", each.parent or ""))
    more = [f"and {len(groups) - _MOST:,} more, which --report has"] * (len(groups) > _MOST)
    return [f"{len(groups):,} groups", *(f"  {line.rstrip()}" for line in aligned(rows)), *more]

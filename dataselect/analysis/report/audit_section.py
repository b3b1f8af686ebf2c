"""Reports of `audit`: what models remember."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.analysis.audit.table import bits_shown, interval_shown

if TYPE_CHECKING:
    from dataselect.execution.run_report import AuditReport


@dataclass(frozen=True)
class AuditSection:
    """An audit: rows of a title and its figure for each of the models in `columns`."""

    number: int
    path: str
    facts: AuditReport
    columns: list[str]
    rows: list[tuple[str, list[str]]]

    @property
    def anchor(self) -> str:
        return f"audit-{self.number}"


def audit_section(number: int, path: str, facts: AuditReport) -> AuditSection:
    """The section of the `audit` report at a path."""
    models = facts["audit"]["models"]
    audited = list(models.values())
    rows = [("kind", [each["kind"] for each in audited])]
    for canaries in zip(*(each["canaries"] for each in audited), strict=True):
        first = canaries[0]
        title = f"exposure of '{first['text']}' (of {first['highest']:.1f} bits)"
        rows.append((title, [bits_shown(each["exposure"]) for each in canaries]))
    told = [each["membership"] for each in audited]
    if any(told):
        aucs = [None if own is None else own["auc"] for own in told]
        advantages = [None if own is None else own["advantage"] for own in told]
        for title, figures in ("AUC", aucs), ("advantage", advantages):
            shown = ["-" if each is None else interval_shown(**each) for each in figures]
            rows.append((f"membership inference, {title}", shown))
    return AuditSection(number, path, facts, [os.path.basename(name) for name in models], rows)

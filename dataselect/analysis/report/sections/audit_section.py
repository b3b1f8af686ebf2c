"""Reports of `audit`: what models remember."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from dataselect.analysis.audit.table import bits_shown, interval_shown
from dataselect.analysis.without_texts import hidden

if TYPE_CHECKING:
    from dataselect.execution.report_documents import AuditReport


_EXPOSURE = "exposure of"


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

    def without_text(self) -> AuditSection:
        """The section with canaries by their number."""
        rows = [
            (f"exposure of canary {place}" if title.startswith(_EXPOSURE) else title, figures)
            for place, (title, figures) in enumerate(self.rows)
        ]
        return replace(self, rows=rows, facts=cast("AuditReport", hidden(self.facts)))


def audit_section(number: int, path: str, facts: AuditReport) -> AuditSection:
    """The section of the `audit` report at a path."""
    models = facts["audit"]["models"]
    audited = list(models.values())
    rows = [("kind", [each["kind"] for each in audited])]
    for canaries in zip(*(each["canaries"] for each in audited), strict=True):
        first = canaries[0]
        title = f"{_EXPOSURE} '{first['text']}' (of {first['highest']:.1f} bits)"
        rows.append((title, [bits_shown(each["exposure"]) for each in canaries]))
    told = [each["membership"] for each in audited]
    if any(told):
        aucs = [None if own is None else own["auc"] for own in told]
        advantages = [None if own is None else own["advantage"] for own in told]
        for title, figures in ("AUC", aucs), ("advantage", advantages):
            shown = ["-" if each is None else interval_shown(**each) for each in figures]
            rows.append((f"membership inference, {title}", shown))
    return AuditSection(number, path, facts, [os.path.basename(name) for name in models], rows)

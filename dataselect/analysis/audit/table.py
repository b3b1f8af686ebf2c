"""What models remember, as a table: a column a model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dataselect.console import aligned

if TYPE_CHECKING:
    from dataselect.analysis.audit.audit import AuditResult
    from dataselect.models.memorization.exposure import Exposure
    from dataselect.models.metrics.bootstrap import Interval

_NOTES = {
    "exact": "by rank among all texts of the form",
    "sampled": "by rank among texts of the form that were drawn",
    "extrapolated": "by a skew-normal distribution of the scores of texts of the form",
}


def table(found: AuditResult) -> str:
    """All figures, and how they were found."""
    models = found.models.values()
    rows = [("", *map(os.path.basename, found.models)), ("kind", *(each.kind for each in models))]
    marks = _marks(found)
    for place, canary in enumerate(found.canaries):
        own = [each.exposures[place] for each in models]
        title = f"{canary.text} (of {own[0].most:.1f} bits)"
        rows.append((title, *(_bits(each, marks) for each in own)))
    if found.sizes is not None:
        told = [each.membership for each in models]
        rows.append(("membership, AUC", *(_interval(each and each.auc) for each in told)))
        rows.append(
            ("membership, advantage", *(_interval(each and each.advantage) for each in told))
        )
    lines = [*aligned(rows), ""]
    for method, mark in marks.items():
        lines.append(f"{mark or 'exposure of canaries in bits,'} {_NOTES[method]}")
    if found.sizes is not None:
        members, others = found.sizes
        lines.append(
            f"membership: {members:,} members, {others:,} others, by "
            f"{', '.join(dict.fromkeys(each.measure for each in models))}; 95 % intervals"
        )
    return "".join(f"{line}\n" for line in lines)


def _marks(found: AuditResult) -> dict[str, str]:
    """Each method that exposures were found by, to what stands behind its figures."""
    used = {each.method for own in found.models.values() for each in own.exposures}
    return dict(zip([each for each in _NOTES if each in used], ("", "*", "+"), strict=False))


def _bits(exposure: Exposure, marks: dict[str, str]) -> str:
    return f"{bits_shown(exposure.bits)}{marks[exposure.method]}"


def bits_shown(bits: float) -> str:
    """An exposure."""
    return f"{bits:.1f}"


def _interval(found: Interval | None) -> str:
    return "-" if found is None else interval_shown(found.value, found.low, found.high)


def interval_shown(value: float, low: float, high: float) -> str:
    """A figure with its interval."""
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"

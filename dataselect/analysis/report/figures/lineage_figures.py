"""The figures of a lineage, each with a line that says how to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataselect.analysis.report.figures.style import (
    AXIS,
    BAR,
    DROPPED,
    GRID,
    IN_DOMAIN,
    KEPT,
    TEXT,
    Plot,
    axes,
    legend,
    name_rows,
    plain,
)
from dataselect.analysis.report.lineage import DROPPED as DROPPED_TEXTS
from dataselect.analysis.report.lineage import IN_DOMAIN as IN_DOMAIN_TEXTS
from dataselect.analysis.report.lineage import KEPT as KEPT_TEXTS
from dataselect.analysis.report.record_statistics import OTHERS

if TYPE_CHECKING:
    from dataselect.analysis.report.figures.binning import Histogram
    from dataselect.analysis.report.lineage import Lineage

_BEFORE, _AFTER = "before", "kept in the end"
_MARKS = {
    DROPPED_TEXTS: (DROPPED, "x", 14),
    KEPT_TEXTS: (KEPT, "o", 16),
    IN_DOMAIN_TEXTS: (IN_DOMAIN, "^", 26),
}
"""Colour, shape and size of texts on the map: in-domain above kept above dropped."""


def of_lineage(lineage: Lineage) -> dict[str, Plot]:
    """The figures of a lineage by kind; those without numbers are left out."""
    found = {"funnel": _funnel(lineage)}
    if lineage.lengths is not None:
        found["lengths"] = _lengths(lineage, lineage.lengths)
    if lineage.labels:
        found["labels"] = _labels(lineage)
    if lineage.map:
        found["map"] = _map(lineage)
    return found


def _funnel(lineage: Lineage) -> Plot:
    """A bar for the records at the start and after each stage, with their number."""
    steps = [("read", lineage.read)]
    steps += [
        (f"{section.number} {section.source.title}", section.counts.kept)
        for section in lineage.stages
    ]
    found = axes(0.2 + BAR * len(steps), grid="none")
    places = range(len(steps))
    most = max(count for _, count in steps) or 1
    found.barh(places, [most] * len(steps), color=GRID, height=0.62)
    found.barh(places, [count for _, count in steps], color=KEPT, height=0.62)
    for place, (_, count) in zip(places, steps, strict=True):
        found.annotate(f"{count:,}", (most, place), (6, 0), textcoords="offset points", va="center")
    name_rows(found, [name for name, _ in steps])
    found.set_xlim(0, most * 1.16)
    found.set_xticks([])
    found.spines["bottom"].set_visible(False)
    return Plot.of(
        found,
        f"{lineage.anchor}-funnel",
        "Records after each stage",
        ", ".join(f"{name}: {count:,}" for name, count in steps),
        "The filled part of a bar is what is left after the stage.",
    )


def _lengths(lineage: Lineage, histogram: Histogram) -> Plot:
    """Shares of texts by length: after selection filled, before it as a line."""
    from matplotlib.ticker import MaxNLocator

    assert lineage.words is not None
    before, after = lineage.words
    hint = f"A text has {after:.1f} words on average."
    found = axes(2.6)
    found.stairs(histogram.kept, histogram.edges, fill=True, color=KEPT, label=_AFTER)
    if lineage.selects:
        hint = (
            f"A text had {before:.1f} words on average before, and has {after:.1f} after. "
            "Filled bars far from the dashed line mean that length had a say."
        )
        dashed: Any = {"color": TEXT, "linestyle": "--", "linewidth": 1.2}
        found.stairs(histogram.dropped, histogram.edges, label=_BEFORE, **dashed)
        legend(found)
    found.xaxis.set_major_locator(MaxNLocator(integer=True))
    found.set_xlabel("words in a text")
    found.set_ylabel("% of texts")
    found.margins(x=0.01)
    return Plot.of(
        found,
        f"{lineage.anchor}-lengths",
        "Lengths before and after" if lineage.selects else "Lengths",
        f"Mean length before: {before:.1f} words, after: {after:.1f} words",
        hint + (" The last bar holds longer texts as well." if histogram.beyond[1] else ""),
    )


def _labels(lineage: Lineage) -> Plot:
    """Shares of records by label, but for others: after selection a bar, before it a mark."""
    named = [plain(each.value) for each in lineage.labels if each.value != OTHERS]
    places = range(len(named))
    found = axes(AXIS + 0.3 + BAR * 0.72 * len(named), grid="x")
    after = [100 * each.kept / sum(each.kept for each in lineage.labels) for each in lineage.labels]
    found.barh(places, after[: len(named)], color=KEPT, height=0.6, label=_AFTER)
    hint = "Shares of the records."
    if lineage.selects:
        hint = "A bar that is longer than its mark is a label that the selection favours."
        total = sum(each.pool for each in lineage.labels)
        before = [100 * each.pool / total for each in lineage.labels][: len(named)]
        marks: Any = {"marker": "|", "s": 110, "color": TEXT, "linewidths": 2}
        found.scatter(before, places, label=_BEFORE, zorder=3, **marks)
        legend(found)
    if lineage.labels[-1].value == OTHERS:
        hint += " Rarer labels are together in the table."
    name_rows(found, named)
    found.set_xlabel("% of records")
    return Plot.of(
        found,
        f"{lineage.anchor}-labels",
        f"Labels{' before and after' if lineage.selects else ''}: {lineage.label_field}",
        "Shares of labels; the same numbers are in the table",
        hint,
    )


def _map(lineage: Lineage) -> Plot:
    """Texts of each kind as marks of its own shape."""
    found = axes(4.6, grid="none")
    for kind, (colour, shape, size) in _MARKS.items():
        if kind in lineage.map:
            across, up = lineage.map[kind].T
            found.scatter(
                across,
                up,
                s=size,
                marker=shape,
                color=colour,
                linewidths=1.1 if shape == "x" else 0,
                label=f"{kind} ({len(across):,})",
            )
    found.set_axis_off()
    found.set_aspect("equal", adjustable="datalim")
    legend(found)
    counts = ", ".join(f"{len(own):,} {kind}" for kind, own in lineage.map.items())
    return Plot.of(
        found,
        f"{lineage.anchor}-map",
        "A map of texts",
        f"{counts}, drawn at random, as points of a plane",
        "Every mark is a text, drawn at random; neighbours share words. Kept texts should be "
        "where in-domain texts are, and not all on one spot. Distances across the map mean "
        "little (t-SNE of TF-IDF and SVD vectors; of few texts, their two principal components).",
    )

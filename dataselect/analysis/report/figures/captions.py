"""The figures of the page with their titles, and one line each that says how to read them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dataselect.analysis.report.figures import drawings
from dataselect.analysis.report.figures.style import Plot
from dataselect.analysis.report.record_statistics import OTHERS

if TYPE_CHECKING:
    from dataselect.analysis.report.comparison_section import ComparisonSection
    from dataselect.analysis.report.figures.binning import Histogram
    from dataselect.analysis.report.lineage import Lineage
    from dataselect.analysis.report.stage_sections import StageSection
    from dataselect.execution.run_report import SweepDocument


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


def of_stage(section: StageSection) -> dict[str, Plot]:
    """The figures of a stage by kind; those without numbers are left out."""
    found = {}
    if section.scores is not None:
        found["scores"] = _scores(section, section.scores)
    if section.sweep is not None:
        found["curve"] = _curve(section, section.sweep)
    return found


def of_comparison(comparison: ComparisonSection) -> dict[str, Plot]:
    """The figure of a comparison, if it has random selections."""
    return {"perplexity": _perplexity(comparison)} if comparison.drawn else {}


def _funnel(lineage: Lineage) -> Plot:
    steps = [("read", lineage.read)]
    steps += [
        (f"{section.number} {section.source.title}", section.counts.kept)
        for section in lineage.stages
    ]
    return Plot(
        f"{lineage.anchor}-funnel",
        "Records after each stage",
        ", ".join(f"{name}: {count:,}" for name, count in steps),
        "The filled part of a bar is what is left after the stage.",
        drawings.funnel(steps),
    )


def _lengths(lineage: Lineage, histogram: Histogram) -> Plot:
    assert lineage.words is not None
    before, after = lineage.words
    hint = f"A text has {after:.1f} words on average."
    if lineage.selects:
        hint = (
            f"A text had {before:.1f} words on average before, and has {after:.1f} after. "
            "Filled bars far from the dashed line mean that length had a say."
        )
    return Plot(
        f"{lineage.anchor}-lengths",
        "Lengths before and after" if lineage.selects else "Lengths",
        f"Mean length before: {before:.1f} words, after: {after:.1f} words",
        hint + (" The last bar holds longer texts as well." if histogram.beyond[1] else ""),
        drawings.lengths(histogram, has_before=lineage.selects),
    )


def _labels(lineage: Lineage) -> Plot:
    hint = "Shares of the records."
    if lineage.selects:
        hint = "A bar that is longer than its mark is a label that the selection favours."
    if lineage.labels[-1].label == OTHERS:
        hint += " Rarer labels are together in the table."
    return Plot(
        f"{lineage.anchor}-labels",
        f"Labels{' before and after' if lineage.selects else ''}: {lineage.label_field}",
        "Shares of labels; the same numbers are in the table",
        hint,
        drawings.labels(lineage.labels, has_before=lineage.selects),
    )


def _map(lineage: Lineage) -> Plot:
    counts = ", ".join(f"{len(own):,} {kind}" for kind, own in lineage.map.items())
    return Plot(
        f"{lineage.anchor}-map",
        "A map of texts",
        f"{counts}, drawn at random, as points of a plane",
        "Every mark is a text, drawn at random; neighbours share words. Kept texts should be "
        "where in-domain texts are, and not all on one spot. Distances across the map mean "
        "little (t-SNE of TF-IDF and SVD vectors; of few texts, their two principal components).",
        drawings.text_map(lineage.map),
    )


def _scores(section: StageSection, histogram: Histogram) -> Plot:
    field = section.source.field
    good = "right" if section.source.direction == "high" else "left"
    ends = " and the ".join(
        name for name, is_out in zip(("first", "last"), histogram.beyond, strict=True) if is_out
    )
    hints = [
        f"The good end of {field} is on the {good}.",
        "Heights are on a square-root scale, so that small bars can be seen."
        if histogram.rooted
        else "",
        "Values are on a logarithmic scale." if histogram.logarithmic else "",
        f"The {ends} bar holds what lies further out." if ends else "",
    ]
    cut = "" if histogram.cut is None else f", with the cut at {histogram.cut:.6g}"
    return Plot(
        f"{section.anchor}-{_slug(section)}-scores",
        f"Scores: {field}",
        f"Histogram of {field} of what was kept and dropped{cut}",
        " ".join(filter(None, hints)),
        drawings.scores(histogram, field),
    )


def _curve(section: StageSection, auto: SweepDocument) -> Plot:
    best, random, everything = auto["best"], auto["random"], auto["everything"]
    return Plot(
        f"{section.anchor}-{_slug(section)}-curve",
        "How much to keep",
        f"Perplexity of the development text by the share kept: {best['perplexity']:.4g} at the "
        f"best share, {random['perplexity']:.4g} for a random one of equal size, "
        f"{everything['perplexity']:.4g} for everything",
        f"Lower is better. A model of the best {100 * best['share']:.3g} % predicts the "
        f"development text at a perplexity of {best['perplexity']:.4g}; a random selection of "
        f"equal size gives {random['perplexity']:.4g}, everything {everything['perplexity']:.4g}.",
        drawings.curve(auto, os.path.basename(section.facts["options"]["auto"] or "")),
    )


def _perplexity(comparison: ComparisonSection) -> Plot:
    shows = "; ".join(
        f"{each.name}: {each.own:.4g}, better than {each.beaten} of {len(each.random)} random ones"
        for each in comparison.drawn
    )
    dotted = " The dotted line is all of the pool." if comparison.everything else ""
    return Plot(
        f"{comparison.anchor}-perplexity",
        "Development perplexity beside chance",
        shows,
        f"Further left is better. Crosses are random selections of equal size.{dotted}",
        drawings.comparison(comparison.drawn, comparison.everything),
    )


def _slug(section: StageSection) -> str:
    return "".join(each if each.isalnum() else "-" for each in section.source.title)

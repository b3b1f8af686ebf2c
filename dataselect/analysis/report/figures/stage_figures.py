"""The figures of a stage and of a comparison, each with a line that says how to read it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dataselect.analysis.report.figures.style import (
    AXIS,
    BAR,
    DROPPED,
    IN_DOMAIN,
    KEPT,
    TEXT,
    Plot,
    axes,
    legend,
    name_rows,
    number_plainly,
    plain,
    short,
)

if TYPE_CHECKING:
    from dataselect.analysis.report.figures.binning import Histogram
    from dataselect.analysis.report.sections.comparison_section import ComparisonSection
    from dataselect.analysis.report.stage_sections import StageSection
    from dataselect.execution.report_documents import SweepDocument

_DOTTED: Any = {"color": DROPPED, "linestyle": ":", "linewidth": 1.6}


def of_stage(section: StageSection) -> dict[str, Plot]:
    """The figures of a stage by kind; those without numbers are left out."""
    slug = "".join(each if each.isalnum() else "-" for each in section.source.title)
    found = {}
    if section.scores is not None:
        found["scores"] = _scores(section, section.scores, f"{section.anchor}-{slug}-scores")
    if section.sweep is not None:
        found["curve"] = _curve(section, section.sweep, f"{section.anchor}-{slug}-curve")
    return found


def of_comparison(comparison: ComparisonSection) -> dict[str, Plot]:
    """The figure of a comparison, if it has random selections."""
    return {"perplexity": _perplexity(comparison)} if comparison.drawn else {}


def _scores(section: StageSection, histogram: Histogram, name: str) -> Plot:
    """What was kept and dropped by score, in filled and in open bars, and the cut."""
    field, edges, shows_cut = section.source.field, histogram.edges, ""
    found = axes(2.9)
    if any(histogram.kept):
        found.stairs(histogram.kept, edges, fill=True, color=KEPT, label="kept")
    if any(histogram.dropped):
        found.stairs(histogram.dropped, edges, color=DROPPED, linewidth=1.6, label="dropped")
    if histogram.cut is not None:
        shows_cut = f", with the cut at {histogram.cut:.6g}"
        cut = f"cut at {histogram.cut:.4g}"
        found.axvline(histogram.cut, color=TEXT, linestyle="--", linewidth=1.2, label=cut)
    if histogram.logarithmic:
        found.set_xscale("log")
        number_plainly(found.xaxis)
    if histogram.rooted:
        found.set_yscale("function", functions=(_square_root, lambda height: height**2))
    found.set_xlabel(plain(field))
    found.set_ylabel("records")
    found.margins(x=0.01)
    found.yaxis.set_major_formatter(lambda value, _: short(value))
    if any(histogram.dropped):
        legend(found)
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
    return Plot.of(
        found,
        name,
        f"Scores: {field}",
        f"Histogram of {field} of what was kept and dropped{shows_cut}",
        " ".join(filter(None, hints)),
    )


def _square_root(heights: Any) -> Any:
    import numpy as np

    return np.sqrt(np.maximum(heights, 0))


def _curve(section: StageSection, auto: SweepDocument, name: str) -> Plot:
    """Development perplexity by the share that is kept, with the best, random and all."""
    best, random, everything = auto["best"], auto["random"], auto["everything"]
    points = auto["curve"]
    found = axes(2.9)
    shares = [100 * point["share"] for point in points]
    perplexities = [point["perplexity"] for point in points]
    line: Any = {"color": KEPT, "marker": "o", "markersize": 4}
    found.plot(shares, perplexities, label="best by score", **line)
    found.plot(100 * best["share"], best["perplexity"], "o", markersize=11, mfc="none", mec=KEPT)
    found.plot(
        100 * random["share"], random["perplexity"], "X", color=IN_DOMAIN, label="random, as many"
    )
    found.axhline(everything["perplexity"], label="everything", **_DOTTED)
    if points[-1]["share"] > 20 * points[0]["share"]:
        found.set_xscale("log")
    found.set_yscale("log")
    number_plainly(found.xaxis)
    number_plainly(found.yaxis)
    found.set_xlabel("% of the records kept")
    dev = os.path.basename(section.facts["options"]["auto"] or "")
    found.set_ylabel(f"perplexity of {plain(dev)}")
    legend(found)
    return Plot.of(
        found,
        name,
        "How much to keep",
        f"Perplexity of the development text by the share kept: {best['perplexity']:.4g} at the "
        f"best share, {random['perplexity']:.4g} for a random one of equal size, "
        f"{everything['perplexity']:.4g} for everything",
        f"Lower is better. A model of the best {100 * best['share']:.3g} % predicts the "
        f"development text at a perplexity of {best['perplexity']:.4g}; a random selection of "
        f"equal size gives {random['perplexity']:.4g}, everything {everything['perplexity']:.4g}.",
    )


def _perplexity(comparison: ComparisonSection) -> Plot:
    """A row for each selection: its perplexity, and those of random ones of its size."""
    drawn = comparison.drawn
    found = axes(AXIS + 0.3 + BAR * len(drawn), grid="x")
    for place, each in enumerate(drawn):
        random = [place] * len(each.random)
        found.plot(each.random, random, "x", color=IN_DOMAIN, mew=1.6, label="random")
        found.plot(each.own, place, "o", color=KEPT, markersize=9, label="selection")
    if comparison.everything is not None:
        found.axvline(comparison.everything, label="all of the pool", **_DOTTED)
    name_rows(found, [plain(each.name) for each in drawn])
    found.margins(y=0.6 / len(drawn))
    found.set_xscale("log")
    number_plainly(found.xaxis)
    found.set_xlabel("perplexity of the development text")
    legend(found)
    shows = "; ".join(
        f"{each.name}: {each.own:.4g}, better than {each.beaten} of {len(each.random)} random ones"
        for each in drawn
    )
    dotted = " The dotted line is all of the pool." if comparison.everything else ""
    return Plot.of(
        found,
        f"{comparison.anchor}-perplexity",
        "Development perplexity beside chance",
        shows,
        f"Further left is better. Crosses are random selections of equal size.{dotted}",
    )

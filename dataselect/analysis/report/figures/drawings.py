"""The figures of the page: numbers in, a drawing out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataselect.analysis.report import lineage
from dataselect.analysis.report.figures.style import (
    DROPPED,
    GRID,
    IN_DOMAIN,
    KEPT,
    TEXT,
    axes,
    plain,
)
from dataselect.analysis.report.record_statistics import OTHERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from dataselect.analysis.report.comparison_section import Drawn
    from dataselect.analysis.report.figures.binning import Histogram

_BAR = 0.36  # inches
_AXIS = 0.75  # inches, what there is beside bars


def funnel(steps: Sequence[tuple[str, int]]) -> Figure:
    """A bar for the records at the start and after each stage, with their number."""
    found = axes(0.2 + _BAR * len(steps), grid="none")
    places = range(len(steps))
    most = max(count for _, count in steps) or 1
    found.barh(places, [most] * len(steps), color=GRID, height=0.62)
    found.barh(places, [count for _, count in steps], color=KEPT, height=0.62)
    for place, (_, count) in zip(places, steps, strict=True):
        found.annotate(f"{count:,}", (most, place), (6, 0), textcoords="offset points", va="center")
    _name_rows(found, [name for name, _ in steps])
    found.set_xlim(0, most * 1.16)
    found.set_xticks([])
    found.spines["bottom"].set_visible(False)
    return _done(found)


def scores(histogram: Histogram, field: str) -> Figure:
    """What was kept and dropped by score, in filled and in open bars, and the cut."""
    found = axes(2.9)
    has_dropped = any(histogram.dropped)
    if any(histogram.kept):
        found.stairs(histogram.kept, histogram.edges, fill=True, color=KEPT, label="kept")
    if has_dropped:
        found.stairs(
            histogram.dropped, histogram.edges, color=DROPPED, linewidth=1.6, label="dropped"
        )
    if histogram.cut is not None:
        cut = f"cut at {histogram.cut:.4g}"
        found.axvline(histogram.cut, color=TEXT, linestyle="--", linewidth=1.2, label=cut)
    if histogram.logarithmic:
        found.set_xscale("log")
        _number_plainly(found.xaxis)
    if histogram.rooted:
        _root(found)
    found.set_xlabel(plain(field))
    found.set_ylabel("records")
    found.margins(x=0.01)
    found.yaxis.set_major_formatter(lambda value, _: _short(value))
    if has_dropped:
        _legend(found)
    return _done(found)


def lengths(histogram: Histogram, *, has_before: bool) -> Figure:
    """Shares of texts by length: after selection filled, before it as a line."""
    from matplotlib.ticker import MaxNLocator

    found = axes(2.6)
    found.stairs(histogram.kept, histogram.edges, fill=True, color=KEPT, label=_AFTER)
    if has_before:
        found.stairs(
            histogram.dropped,
            histogram.edges,
            color=TEXT,
            linestyle="--",
            linewidth=1.2,
            label=_BEFORE,
        )
        _legend(found)
    found.xaxis.set_major_locator(MaxNLocator(integer=True))
    found.set_xlabel("words in a text")
    found.set_ylabel("% of texts")
    found.margins(x=0.01)
    return _done(found)


def labels(balances: Sequence[lineage.Balance], *, has_before: bool) -> Figure:
    """Shares of records by label, but for others: after selection a bar, before it a mark."""
    named = [plain(each.label) for each in balances if each.label != OTHERS]
    places = range(len(named))
    found = axes(_AXIS + 0.3 + _BAR * 0.72 * len(named), grid="x")
    after = _shares([each.after for each in balances])[: len(named)]
    found.barh(places, after, color=KEPT, height=0.6, label=_AFTER)
    if has_before:
        before = _shares([each.before for each in balances])[: len(named)]
        found.scatter(
            before, places, marker="|", s=110, color=TEXT, linewidths=2, label=_BEFORE, zorder=3
        )
        _legend(found)
    _name_rows(found, named)
    found.set_xlabel("% of records")
    return _done(found)


_BEFORE, _AFTER = "before", "kept in the end"


def curve(auto: Mapping[str, Any], dev: str) -> Figure:
    """Development perplexity by the share that is kept, with the best, random and all."""
    found = axes(2.9)
    points = auto["curve"]
    found.plot(
        [100 * point["share"] for point in points],
        [point["perplexity"] for point in points],
        color=KEPT,
        marker="o",
        markersize=4,
        label="best by score",
    )
    best, random, everything = auto["best"], auto["random"], auto["everything"]
    found.plot(100 * best["share"], best["perplexity"], "o", markersize=11, mfc="none", mec=KEPT)
    found.plot(
        100 * random["share"], random["perplexity"], "X", color=IN_DOMAIN, label="random, as many"
    )
    found.axhline(
        everything["perplexity"], color=DROPPED, linestyle=":", linewidth=1.6, label="everything"
    )
    if points[-1]["share"] > 20 * points[0]["share"]:
        found.set_xscale("log")
    found.set_yscale("log")
    _number_plainly(found.xaxis)
    _number_plainly(found.yaxis)
    found.set_xlabel("% of the records kept")
    found.set_ylabel(f"perplexity of {plain(dev)}")
    _legend(found)
    return _done(found)


def comparison(drawn: Sequence[Drawn], everything: float | None) -> Figure:
    """A row for each selection: its perplexity, and those of random ones of its size."""
    found = axes(_AXIS + 0.3 + _BAR * len(drawn), grid="x")
    for place, each in enumerate(drawn):
        found.plot(
            each.random, [place] * len(each.random), "x", color=IN_DOMAIN, mew=1.6, label="random"
        )
        found.plot(each.own, place, "o", color=KEPT, markersize=9, label="selection")
    if everything is not None:
        found.axvline(
            everything, color=DROPPED, linestyle=":", linewidth=1.6, label="all of the pool"
        )
    _name_rows(found, [plain(each.name) for each in drawn])
    found.margins(y=0.6 / len(drawn))
    found.set_xscale("log")
    _number_plainly(found.xaxis)
    found.set_xlabel("perplexity of the development text")
    _legend(found)
    return _done(found)


def text_map(places: Mapping[str, NDArray[Any]]) -> Figure:
    """Texts of each kind as marks of its own shape: in-domain above kept above dropped."""
    found = axes(4.6, grid="none")
    for kind, (colour, shape, size) in _MARKS.items():
        if kind in places:
            across, up = places[kind].T
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
    _legend(found)
    return _done(found)


_MARKS = {
    lineage.DROPPED: (DROPPED, "x", 14),
    lineage.KEPT: (KEPT, "o", 16),
    lineage.IN_DOMAIN: (IN_DOMAIN, "^", 26),
}


def _shares(counts: Sequence[int]) -> list[float]:
    """Percentages of the sum."""
    total = sum(counts)
    return [100 * count / total for count in counts]


def _name_rows(found: Axes, names: Sequence[str]) -> None:
    """Names beside bars, the first one on top."""
    found.set_yticks(range(len(names)), names, color=TEXT)
    found.invert_yaxis()
    found.margins(y=0.02)


def _root(found: Axes) -> None:
    """Heights by their square root."""
    found.set_yscale("function", functions=(_square_root, lambda height: height**2))


def _square_root(heights: Any) -> Any:
    import numpy as np

    return np.sqrt(np.maximum(heights, 0))


def _number_plainly(axis: Any) -> None:
    """Numbers such as 200 and 5k on a logarithmic axis, and no more than fit."""
    from math import log10

    from matplotlib.ticker import LogLocator, NullFormatter

    if axis.get_scale() == "log":
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if log10(high / low) < _WIDE else (1,)))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(lambda value, _: _short(value))


_WIDE = 2.5  # powers of ten


def _short(value: float) -> str:
    """A number as an axis says it: 0.5, 5k, 2M."""
    for size, unit in (1e6, "M"), (1e3, "k"):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _legend(found: Axes) -> None:
    """What the marks are, each once, above the axes, where it hides nothing."""
    handles, labels = found.get_legend_handles_labels()
    marks = dict(zip(labels, handles, strict=True))
    found.legend(
        marks.values(),
        marks.keys(),
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=3,
        fontsize=9,
        handlelength=1.6,
        borderaxespad=0.2,
        columnspacing=1.4,
    )


def _done(found: Axes) -> Figure:
    figure = found.get_figure(root=True)
    assert figure is not None
    return figure

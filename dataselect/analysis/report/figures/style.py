"""How figures look: on the page in colours of its style sheet, in files in plain ones."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from dataselect.console import one_line
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PlotFormat = Literal["svg", "png"]

# Light colours, each for one purpose: on the page a variable of its name takes their place. Blue,
# vermilion and grey are told apart by every kind of eye, and shapes differ as well.
TEXT, QUIET, GRID = "#1f2329", "#57606b", "#d8dee5"
KEPT, DROPPED, IN_DOMAIN = "#0a62b5", "#868e97", "#c8440c"
_VARIABLES = {
    TEXT: "text",
    QUIET: "quiet",
    GRID: "grid",
    KEPT: "kept",
    DROPPED: "dropped",
    IN_DOMAIN: "in-domain",
    "#ffffff": "surface",
}
WIDTH = 6.0  # inches of 72 points
BAR, AXIS = 0.36, 0.75  # inches: a bar, and what there is beside bars
_LONGEST_NAME = 28  # characters: a third of the width
_SETTINGS: Any = {  # by the names of matplotlib, which has a type for each
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.labelsize": 10,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": GRID,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "text.color": TEXT,
    "text.parse_math": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "ytick.major.size": 0,
    "grid.color": GRID,
    "legend.frameon": False,
    "hatch.linewidth": 0.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "dataselect",
}


@dataclass(frozen=True)
class Plot:
    """A figure with the name of its file, a title, what it shows, and how to read it."""

    name: str
    title: str
    shows: str
    hint: str
    figure: Figure

    @classmethod
    def of(cls, drawn: Axes, name: str, title: str, shows: str, hint: str) -> Plot:
        """The figure that some axes are on."""
        figure = drawn.get_figure(root=True)
        assert figure is not None
        return cls(name, title, shows, hint, figure)


def check_installed() -> None:
    """Raise OptionError where what the page needs is missing."""
    missing = [name for name in ("matplotlib", "jinja2") if find_spec(name) is None]
    if missing:
        raise OptionError(f"a page needs {missing[0]}; pip install jinja2 matplotlib")


@contextmanager
def drawing() -> Iterator[None]:
    """Draw within this."""
    import warnings

    import matplotlib as mpl

    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def axes(height: float, *, grid: Literal["x", "y", "none"] = "y") -> Axes:
    """Axes of a new figure of `height` inches, with lines across one of them."""
    from matplotlib.figure import Figure

    found = Figure(figsize=(WIDTH, height), layout="constrained").add_subplot()
    if grid != "none":
        found.grid(axis=grid, linewidth=0.8)
    return found


def plain(text: str, longest: int = _LONGEST_NAME) -> str:
    """A text from data that is safe to draw: one line, and the middle left out where it is long."""
    found = one_line(text.encode("utf-8", "backslashreplace").decode())
    if len(found) <= longest:
        return found
    end = longest // 3
    return f"{found[: longest - end - 1]}…{found[-end:]}"


def name_rows(found: Axes, names: Sequence[str]) -> None:
    """Names beside bars, the first one on top."""
    found.set_yticks(range(len(names)), names, color=TEXT)
    found.invert_yaxis()
    found.margins(y=0.02)


def number_plainly(axis: Any) -> None:
    """Numbers such as 200 and 5k on a logarithmic axis, and no more than fit."""
    from math import log10

    from matplotlib.ticker import LogLocator, NullFormatter

    if axis.get_scale() == "log":
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if log10(high / low) < _WIDE else (1,)))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(lambda value, _: short(value))


_WIDE = 2.5  # powers of ten


def short(value: float) -> str:
    """A number as an axis says it: 0.5, 5k, 2M."""
    for size, unit in (1e6, "M"), (1e3, "k"):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def legend(found: Axes) -> None:
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


def saved(figure: Figure, kind: PlotFormat) -> bytes:
    """A file of a figure, without date: same figure, same bytes."""
    buffer = io.BytesIO()
    nothing = dict.fromkeys(
        ("Date", "Creator", "Format", "Type") if kind == "svg" else ("Software",)
    )
    with drawing():  # settings of SVG hold when it is written
        figure.savefig(buffer, format=kind, dpi=200, metadata=nothing)
    return buffer.getvalue()


def inline(plot: Plot) -> str:
    """The figure as an SVG element of the page: named, in its colours, with ids of its own."""
    svg = saved(plot.figure, "svg").decode()
    view = _VIEW.search(svg)
    assert view is not None
    svg = _UNWANTED.sub("", svg[svg.index("<svg") :]).replace("xlink:href", "href")
    svg = _NAMES.sub(rf"\g<1>{plot.name}-", svg)
    for colour, name in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{name})")
    head = (
        f'<svg {view[0]} role="img" aria-labelledby="{plot.name}-title {plot.name}-shows">'
        f'<title id="{plot.name}-title">{escape(plot.title)}</title>'
        f'<desc id="{plot.name}-shows">{escape(plot.shows)}</desc>'
    )
    return head + svg[svg.index(">") + 1 :]


_VIEW = re.compile(r'viewBox="[^"]*"')
# Names of groups that nothing refers to, and a style that would hold for the whole page.
_UNWANTED = re.compile(r' xmlns(:\w+)?="[^"]*"|(?<=<g) id="[^"]*"|<style.*?</style>', re.DOTALL)
_NAMES = re.compile(r'( id="| href="#|url\(#)')

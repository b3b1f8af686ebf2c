"""The page as HTML: everything in one file, nothing from the network."""

from __future__ import annotations

from functools import cache
from math import floor, isnan, log10
from typing import TYPE_CHECKING

from dataselect.analysis.report.figures.style import inline
from dataselect.console import one_line
from dataselect.data.fields import Column
from dataselect.data.json_lines.json_values import encoded, parse

if TYPE_CHECKING:
    from jinja2 import Environment

    from dataselect.analysis.report.extremes import Row
    from dataselect.analysis.report.page import Page

_LONG_TEXT = 160  # characters; more are folded away
_LONG_RECORD = 4_000


def render(page: Page) -> bytes:
    """The page in UTF-8."""
    rendered = _environment().get_template("page.html").render(page=page)
    return rendered.encode("utf-8", "backslashreplace")


@cache
def _environment() -> Environment:
    """The templates: compiling them takes longer than filling them in."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    found = Environment(
        loader=PackageLoader("dataselect.analysis.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    found.filters |= {
        "count": lambda number: f"{number:,}",
        "score": lambda number: "" if number is None or isnan(number) else f"{number:.6g}",
        "brief": lambda number: f"{number:.4g}",
        "share": _share,
        "line": one_line,
        "json": lambda value: encoded(value, indent=True).decode(),
        "field": _field,
        "problems": _problems,
        "record": _record,
        "inline": lambda plot: Markup(inline(plot)),  # noqa: S704  # made here, texts escaped
    }
    found.globals["long_text"] = _LONG_TEXT
    return found


def _share(part: int, whole: int) -> str:
    """A percentage with as many digits as it takes to tell it from none and all."""
    percent = 100 * part / whole if whole else 0.0
    edge = min(percent, 100 - percent)
    digits = max(1, -floor(log10(edge))) if edge > 0 else 1
    return f"{percent:.{digits}f} %"


def _field(row: Row, name: str) -> str:
    """A field of a record as a person writes it, empty where there is none."""
    value = Column.optional(name).find(parse(row.line))
    return "" if value is None else one_line(value if isinstance(value, str) else str(value))


def _problems(row: Row) -> list[str]:
    """What `check` found in a record, a line each."""
    found = Column.optional("problems").find(parse(row.line))
    listed = found if isinstance(found, list) else []
    told = [
        (each.get("problem"), each.get("evidence")) for each in listed if isinstance(each, dict)
    ]
    return [one_line(f"{rule}: {evidence}") for rule, evidence in told]


def _record(row: Row) -> str:
    """A whole record, for those who want to know more."""
    found = encoded(parse(row.line), indent=True).decode()
    return found if len(found) <= _LONG_RECORD else found[:_LONG_RECORD] + " …"

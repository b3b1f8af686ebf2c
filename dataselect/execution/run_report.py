"""The run report as a typed document: written and read back here, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

from dataselect.data.files.chunks import read_whole
from dataselect.data.json_lines.json_values import encoded
from dataselect.documents import DocumentError, parsed, typed
from dataselect.errors import InputError
from dataselect.execution.report_documents import (
    AuditReport,
    CompareReport,
    EvaluateReport,
    Learnt,
    MeasuredDocument,
    RunReport,
    ScoringReport,
)
from dataselect.execution.reported_options import OPTIONS_OF, FileOptions

VERSION = 2
COMPARE, AUDIT, EVALUATE = "compare", "audit", "evaluate"

Section = TypeVar("Section")


def written(report: Mapping[str, Any]) -> bytes:
    """A report as bytes, the version of the document first."""
    return encoded({"version": VERSION, **report}, indent=True) + b"\n"


AnyReport: TypeAlias = ScoringReport | CompareReport | AuditReport | EvaluateReport


def read(path: str) -> AnyReport:
    """Read the report of a run that scores, selects, compares, audits or evaluates.

    Raises InputError.
    """
    data = read_whole(path)
    try:
        return _checked(parsed(data))
    except DocumentError as error:
        what = f"not the report of a run that scores, selects or measures ({error})"
        todo = "name what --report wrote"
        if _holds_records(data):
            what = "not a run report: it holds records"
            todo += f"; scored records are shown by 'dataselect report --scored {path}'"
        raise InputError(f"{path}: {what}; {todo}") from None


def _checked(found: Any) -> AnyReport:
    command = typed(RunReport, found)["command"]
    if command == AUDIT:
        return typed(AuditReport, found)
    if command == EVALUATE:
        return typed(EvaluateReport, found)
    if command == COMPARE:
        report = typed(CompareReport, found)
        baselines = {
            name: each
            for name, each in report["compare"].items()
            if isinstance(each, dict) and "measures" in each
        }
        typed(dict[str, MeasuredDocument], baselines)
        return report
    for kind in (FileOptions, OPTIONS_OF.get(command)):
        if kind is not None:
            _within("options", kind, found["options"])
    _within(command, Learnt, found.get(command, {}))
    return typed(ScoringReport, found)


def _within(name: str, kind: type[Section], value: Any) -> Section:
    """A part of a report that is checked by itself."""
    try:
        return typed(kind, value)
    except DocumentError as error:
        raise DocumentError(f"{name}.{error}") from None


def _holds_records(data: bytes) -> bool:
    """Whether a file that is no report starts with a line that is a record."""
    try:
        first = parsed(data.lstrip().partition(b"\n")[0])
    except DocumentError:
        return False
    return isinstance(first, dict) and not first.keys() & RunReport.__annotations__.keys()

"""An evaluation as plain text: aligned columns, then what one needs to know to trust them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dataselect.console import aligned, one_line

if TYPE_CHECKING:
    from dataselect.analysis.evaluate.metric_values import EvaluationResult, MetricResult

_INTERVAL = "95 % interval"
_HEADER = ("measure", "value", _INTERVAL)
_COMPARED_HEADER = (*_HEADER, "against", _INTERVAL, "difference", _INTERVAL, "p")


def table(evaluation: EvaluationResult) -> str:
    """Lines that end with a line feed each."""
    measures = evaluation.measures
    compared = any(each.comparison for each in measures)
    rows = [_COMPARED_HEADER if compared else _HEADER, *map(_row, measures)]
    labels = [line for each in measures for line in _per_label(each)]
    notes = [*_edits(measures), _basis(evaluation), *(each.metric.signature for each in measures)]
    shown = [*aligned(rows), *labels, *_groups(evaluation), *_worst(evaluation), "", *notes]
    return "".join(f"{line}\n" for line in shown)


def _row(measure: MetricResult) -> Sequence[str]:
    own = measure.system.interval
    row = [measure.metric.title, f"{own.value:.2f}", _bounds(own.low, own.high)]
    if measure.baseline is not None and measure.comparison is not None:
        other, compared = measure.baseline.interval, measure.comparison
        row += [f"{other.value:.2f}", _bounds(other.low, other.high)]
        row += [f"{compared.difference:+.2f}", _bounds(compared.low, compared.high, sign="+")]
        row += [f"{compared.p_value:.4f}"]
    return row


def _bounds(low: float, high: float, sign: str = "") -> str:
    return f"[{low:{sign}.2f}, {high:{sign}.2f}]"


def _per_label(measure: MetricResult) -> list[str]:
    """How well each label is told, after an empty line; nothing for other measures."""
    from dataselect.models.metrics import LabelF1

    if not isinstance(measure.metric, LabelF1):
        return []
    noun = measure.metric.label_noun
    rows: list[Sequence[str]] = [(noun, "precision", "recall", "F1", "references")]
    for label, counts in measure.system.counts.items():
        *shares, references = counts.values()
        rows.append((label, *(f"{share:.2f}" for share in shares), f"{references:,}"))
    return ["", *aligned(rows)]


def _worst(evaluation: EvaluationResult) -> list[str]:
    """The records of highest WER: where each is, and its words below those of its reference."""
    lines = []
    for each in evaluation.worst:
        columns = [(word.reference or _NO_WORD, word.hypothesis or _NO_WORD) for word in each.words]
        widths = [max(map(len, column)) for column in columns]
        lines += ["", f"{each.place}: WER {each.wer:.2f}"]
        for name, words in zip(
            ("reference ", "hypothesis"), zip(*columns, strict=True), strict=True
        ):
            shown = (word.ljust(width) for word, width in zip(words, widths, strict=True))
            lines.append(f"{name}  {' '.join(shown)}".rstrip())
    return lines


_NO_WORD = "*"  # where one side has a word and the other none, as sclite shows it


def _edits(measures: Iterable[MetricResult]) -> list[str]:
    """What the edits of error rates are, a line each."""
    from dataselect.models.metrics.error_rate import ErrorRate

    return [
        f"{each.metric.title}: "
        + ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in each.system.counts.items())
        for each in measures
        if isinstance(each.metric, ErrorRate)
    ]


def _basis(evaluation: EvaluationResult) -> str:
    """How many records and samples the table is made from."""
    words = f"{evaluation.records:,} records"
    if evaluation.empty is not None:
        words += f", {evaluation.empty:,} empty hypotheses"
    if evaluation.empty_against is not None:
        words += f" (against: {evaluation.empty_against:,})"
    if evaluation.empty_references:
        words += f", {evaluation.empty_references:,} empty references"
    if evaluation.left_out:
        words += f", {evaluation.left_out:,} bad records left out"
    return f"{words}; {evaluation.samples:,} bootstrap samples, seed {evaluation.seed}"


def _groups(evaluation: EvaluationResult) -> list[str]:
    """Each measure of the groups of each field, the worst named, and weak clusters."""
    lines: list[str] = []
    for each in evaluation.groups:
        rows: list[Sequence[str]] = [(each.field, "records", each.metric.title, _INTERVAL)]
        for own in each.values:
            value, bounds = own.interval.value, _bounds(own.interval.low, own.interval.high)
            row = [one_line(own.group), f"{own.records:,}", f"{value:.2f}"]
            rows.append([*row, "too few to say" if own.is_small else bounds])
        lines += ["", *aligned(rows)]
        if each.groups > len(each.values):
            lines.append(f"the {len(each.values)} largest of {each.groups:,} values")
        if worst := each.worst:
            title, value = each.metric.title, worst.interval.value
            lines.append(f"worst {title}: {each.field} '{one_line(worst.group)}', {value:.2f}")
    return [*lines, *_weak_clusters(evaluation)]


def _weak_clusters(evaluation: EvaluationResult) -> list[str]:
    if evaluation.weak_clusters is None:
        return []
    if not evaluation.weak_clusters:
        return ["", "no cluster of texts is measured worse than chance allows"]
    rows: list[Sequence[str]] = [("weak cluster", "records", "mean loss", "of others", "p")]
    for each in evaluation.weak_clusters:
        losses = f"{each.loss:.2f}", f"{each.others:.2f}"
        rows.append((one_line(each.typical), f"{each.records:,}", *losses, f"{each.p_value:.3f}"))
    return ["", *aligned(rows)]

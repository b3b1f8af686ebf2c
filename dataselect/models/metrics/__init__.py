"""Metrics whose statistics add up over segments; those of texts are listed here by name."""

from __future__ import annotations

from dataselect.errors import OptionError
from dataselect.models.metrics.base import Metric, TextMetric
from dataselect.models.metrics.error_rate import Cer, Wer
from dataselect.models.metrics.intents import Accuracy, ExactMatch, LabelF1, MacroF1, SlotF1, Span
from dataselect.models.metrics.translation import Bleu, Chrf, Ter, Tokenize
from dataselect.models.normalization import Normalization

__all__ = [
    "METRICS",
    "Accuracy",
    "ExactMatch",
    "LabelF1",
    "MacroF1",
    "Metric",
    "SlotF1",
    "Span",
    "TextMetric",
    "Tokenize",
    "metric",
]

METRICS: dict[str, type[TextMetric]] = {each.name: each for each in (Wer, Cer, Bleu, Chrf, Ter)}
"""Name of each metric of texts to its class."""


def metric(
    name: str, normalization: Normalization | None = None, *, tokenize: Tokenize = "13a"
) -> TextMetric:
    """The metric of a name; `tokenize` is for BLEU. Raises OptionError for another name.

    >>> wer = metric("wer")
    >>> rows = wer.statistics(["play jazz", "stop"], ["play some jazz now", "stop"])
    >>> float(wer.value(rows.sum(axis=0)))
    40.0
    """
    normalization = normalization or Normalization()
    if name not in METRICS:
        raise OptionError(f"'{name}' is not a metric; choose from {', '.join(METRICS)}")
    if name == Bleu.name:
        return Bleu(normalization, tokenize)
    return METRICS[name](normalization)

"""The card of a detector: the README of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataselect.models.paraphrase_detector.training.detector_training import DetectorQuality

_CARD = """---
library_name: sentence-transformers
tags: [dataselect, paraphrase-detection]
---
# A paraphrase detector

It tells how probably two utterances say the same: the same intent, and the same values.
Made by `dataselect paraphrase train`.

    dataselect paraphrase score --detector FOLDER pairs.jsonl

The folder is also a sentence-transformers model, whose vectors find texts worth comparing; it does
not tell paraphrases by itself.

## Held-out pairs
{figures}

A kind is one of negative pairs, told from all paraphrases; AUC is the area under the ROC curve. The
expected calibration error is expected of
pairs that neither training nor calibration has seen; another corpus may have a larger one.

## Trained on
{data}

## Options
{options}
"""


def card(figures: DetectorQuality, data: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """The card as Markdown: figures on held-out pairs, digests of files, options."""
    return _CARD.format(
        figures=_table("figure", "value", _rows(figures)),
        data=_table("file", "SHA-256", data),
        options=_table("option", "value", options),
    )


def _rows(figures: DetectorQuality) -> dict[str, Any]:
    return {
        "pairs trained on": figures.trained_on,
        "pairs held out": figures.pairs,
        "AUC": figures.auc,
        **{f"AUC, kind {kind or 'unnamed'}": auc for kind, auc in figures.by_kind.items()},
        "calibration error": round(figures.calibration_error, 4),
    }


def _table(key: str, value: str, rows: Mapping[str, Any]) -> str:
    lines = [f"| {key} | {value} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {shown} |" for name, shown in rows.items())])

"""The card of a translation model: the README of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CARD = """---
library_name: transformers
tags: [dataselect, translation]
---
# A translation model

Made by `dataselect translate train`.

    dataselect translate --model FOLDER texts.jsonl

## Held-out pairs
{figures}

The loss is the mean negative log-probability of a word piece, in nats.

## Trained on
{data}

## Options
{options}
"""


def card(figures: Mapping[str, Any], data: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """The card as Markdown: figures on held-out pairs, digests of files, options."""
    return _CARD.format(
        figures=_table("figure", "value", figures),
        data=_table("file", "SHA-256", data),
        options=_table("option", "value", options),
    )


def _table(key: str, value: str, rows: Mapping[str, Any]) -> str:
    lines = [f"| {key} | {value} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {shown} |" for name, shown in rows.items())])

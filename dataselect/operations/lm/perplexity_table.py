"""How well language models predict a text, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataselect.console import aligned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def table(described: Sequence[Mapping[str, Any]]) -> str:
    """A column a model, of what `engines.perplexity.Evaluation.describe` gives."""
    longest = max(each["order"] for each in described)
    rows = [
        ("", *[each["lm"] for each in described]),
        *[
            (title, *[_shown(each, field) for each in described])
            for title, field in _ROWS
            if field != _SHARED or len(described) > 1
        ],
        *[
            (
                f"by {n}-grams",
                *[_counted(each["hits"].get(str(n)), _hits(each)) for each in described],
            )
            for n in range(1, longest + 1)
        ],
    ]
    return "".join(f"{line}\n" for line in [*aligned(rows), "", *_NOTES])


_SHARED = "perplexity_shared"
_ROWS = (
    ("sentences", "sentences"),
    ("words", "words"),
    ("unknown words", "oov"),
    ("log10 probability", "log10"),
    ("perplexity", "perplexity"),
    ("perplexity, known words", "perplexity_known"),
    ("perplexity, words all know", _SHARED),
    ("bits per word", "bits_per_word"),
    ("bits per character", "bits_per_character"),
)
_NOTES = (
    "perplexity, bits per word: of words and sentence ends",
    "bits per character: of characters, spaces included, and sentence ends",
    "by n-grams: known words and sentence ends, by the longest n-gram that predicted them",
)


def _shown(figures: Mapping[str, Any], field: str) -> str:
    value = figures[field]
    if field == "oov":
        return _counted(value, figures["words"])
    if value is None:
        return _NOTHING
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < _LARGE else f"{value:.3e}"
    return f"{value:,}"


def _hits(figures: Mapping[str, Any]) -> int:
    total: int = sum(figures["hits"].values())
    return total


def _counted(count: int | None, total: int) -> str:
    """A count with its share of a total."""
    if count is None:
        return _NOTHING
    return f"{count:,} ({100 * count / total:.2f} %)" if total else f"{count:,}"


_NOTHING = "-"
_LARGE = 1e9

"""Reasons to drop a record: as data, and in words."""

import json
import math

import pytest

from dataselect.data.json_lines.json_values import encoded
from dataselect.documents import DocumentError, typed
from dataselect.selection.reasons import (
    CountedReason,
    Reason,
    count_documents,
    describe,
    read_counts,
)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("below_threshold", "--threshold", 6.0), "below the threshold 6.0"),
        (Reason("rank", "--share", 0.1 / 3), "not among the best by --share 0.0333333"),
        (Reason("rank", "--top-k", 1_000_000), "not among the best by --top-k 1000000"),
        (Reason("sample", "--sample", 3, per="g"), "not drawn by --sample 3 --per g"),
        (Reason("max_per", "--max-per", 1, per="g"), "over --max-per 1 of its g"),
        (Reason("min_confidence", "--min-confidence", 0.5), "below --min-confidence 0.5"),
        (Reason("mine", "--my-option", "x"), "mine --my-option x"),
    ],
)
def test_words(reason: Reason, words: str) -> None:
    assert describe(reason) == words


@pytest.mark.parametrize("value", [None, 3, 0.1, 6.0, math.inf, "Latin"])
def test_a_count_is_read_back_as_it_was(value: float | str | None) -> None:
    counts = {Reason("rank", "--budget", value, cost="words", per="g"): 3, Reason("copy"): 0}
    documents = json.loads(encoded(count_documents(counts)))
    found = read_counts(typed(list[CountedReason], documents))
    assert list(found.values()) == [3, 0]
    assert list(map(describe, found)) == list(map(describe, counts))


@pytest.mark.parametrize("document", [{"count": 1}, {"rule": "copy"}, {"rule": 1, "count": 1}])
def test_anything_else_is_refused(document: object) -> None:
    with pytest.raises(DocumentError):
        typed(list[CountedReason], [document])


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        (Reason("max_perplexity", "--max-perplexity", 20.0), "perplexity"),
        (Reason("length_ratio", "--max-length-ratio", 2.0), None),
        (Reason("max_per", "--max-per", 2), None),
        (Reason("copy"), None),
    ],
)
def test_a_limit_names_its_field(reason: Reason, field: str | None) -> None:
    assert reason.limited_field == field

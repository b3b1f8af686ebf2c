"""What the fields that commands add say of a record, in a sentence each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MEANINGS = {
    "relevance": "probability that the text is in-domain rather than background",
    "relevance_for": "the in-domain set that it is most relevant for",
    "relevance_ngrams": "the n-grams that spoke most for it and against it",
    "perplexity": "to the in-domain language model, a word; low is good",
    "cross_entropy_difference": "in-domain less general cross-entropy, bits a word; low is good",
    "oov": "words that the language model does not know",
    "bucket": "which share of the ranking it is in, 1 for the best",
    "distance": "from the in-domain text; low is good",
    "alignment": "ratio margin of the two sides, about 1 for a chance match; high is good",
    "novelty": "1 - its similarity to the nearest labelled or earlier record when it was picked",
    "nearest": "the labelled or other record that it is closest to",
    "round": "the batch in which it was picked",
    "intent": "what the intent classifier took it for",
    "confidence": "probability of that intent",
    "paraphrase": "probability that it says the same as the nearest text, or as the other side",
    "rescored": "of the winner: rank before, weighted sum and its features, words, perplexity",
    "dropped": "why the last run that read it dropped it",
}
"""Name of each field to its meaning, in the order of the operations."""


def explained(record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value as JSON and meaning of the fields of a record that have one.

    An intent without a confidence was annotated; null is the value of what was not scored.
    """
    return [
        (name, json.dumps(record[name], ensure_ascii=False), meaning)
        for name, meaning in MEANINGS.items()
        if record.get(name) is not None and (name != "intent" or "confidence" in record)
    ]

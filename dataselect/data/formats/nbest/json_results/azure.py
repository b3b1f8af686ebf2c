"""Azure's speech results in JSON: `NBest` of a phrase or of a batch, times in units of 100 ns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import Found, Item, Layout
from dataselect.data.formats.nbest.json_results.json_result import json_results
from dataselect.data.formats.values import checked_number, checked_seconds, stem_of
from dataselect.data.input_files import Inputs
from dataselect.data.records import BadRecord

_TICKS = 10_000_000  # a second
_KEYS = re.compile(rb'"(?:NBest|recognizedPhrases)"\s*:\s*\[')
_SPELLINGS = ("itn", "maskeditn", "display")


def recognizes(first: bytes) -> bool:
    """Whether a file has such a list."""
    return _KEYS.search(first) is not None


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `id`, `start`, `duration`, `nbest` for each phrase; other spellings stay beside.

    The text is the lexical form, the score the confidence; `id` is the file's name and a number.
    """
    stem = stem_of(inputs.paths[0])
    number = 0
    for result in json_results(inputs):
        if isinstance(result, BadRecord):
            yield result
            continue
        phrases = result.value.get("recognizedPhrases", [result.value])
        for phrase in phrases if isinstance(phrases, list) else [phrases]:
            try:
                yield Found(result.line, {"id": f"{stem}-{number}", **_phrase(phrase)})
            except ValueError as refusal:
                yield result.line.bad(refusal)
            number += 1


def _phrase(phrase: Any) -> dict[str, Any]:
    if not isinstance(phrase, dict):
        raise ValueError("a phrase that is no object; correct it")
    nbest = phrase.get("NBest", phrase.get("nBest"))
    if not isinstance(nbest, list) or not nbest:
        raise ValueError("no list 'NBest'; ask the service for detailed results")
    times = {
        "start": phrase.get("Offset", phrase.get("offsetInTicks")),
        "duration": phrase.get("Duration", phrase.get("durationInTicks")),
    }
    known = {
        name: checked_seconds(ticks, f"the {name}") / _TICKS
        for name, ticks in times.items()
        if ticks is not None
    }
    return {**known, "nbest": [_candidate(each) for each in nbest]}


def _candidate(found: Any) -> dict[str, Any]:
    own = {name.lower(): value for name, value in found.items()} if isinstance(found, dict) else {}
    if not isinstance(own.get("lexical"), str):
        raise ValueError("a candidate without 'Lexical'; ask the service for detailed results")
    score = checked_number(own.get("confidence"), "'Confidence'")
    spellings = {name: own[name] for name in _SPELLINGS if name in own}
    return {"text": own["lexical"], "score": score, **spellings}

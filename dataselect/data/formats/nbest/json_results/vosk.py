"""Vosk's results in JSON: `alternatives` with a text and a confidence that is not normalised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import Found, Item, Layout
from dataselect.data.formats.nbest.json_results.json_result import json_results
from dataselect.data.formats.values import checked_number, stem_of
from dataselect.data.input_files import Inputs
from dataselect.data.records import BadRecord

_KEY = re.compile(rb'"alternatives"\s*:\s*\[\s*\{\s*"confidence"\s*:')


def recognizes(first: bytes) -> bool:
    """Whether a file has such alternatives."""
    return _KEY.search(first) is not None


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `id`, `nbest` for each result; `id` is the file's name and a number from 0."""
    stem = stem_of(inputs.paths[0])
    for number, result in enumerate(json_results(inputs)):
        if isinstance(result, BadRecord):
            yield result
            continue
        try:
            nbest = _alternatives(result.value)
        except ValueError as refusal:
            yield result.line.bad(refusal)
            continue
        yield Found(result.line, {"id": f"{stem}-{number}", "nbest": nbest})


def _alternatives(result: dict[str, Any]) -> list[dict[str, Any]]:
    found = result.get("alternatives")
    if not isinstance(found, list) or not found:
        raise ValueError("no list 'alternatives'; set SetMaxAlternatives of the recogniser")
    return [_candidate(each) for each in found]


def _candidate(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict) or not isinstance(found.get("text"), str):
        raise ValueError("an alternative without 'text'; correct it")
    score = checked_number(found.get("confidence"), "'confidence'")
    words = {"words": found["result"]} if "result" in found else {}
    return {"text": found["text"].strip(), "score": score, **words}

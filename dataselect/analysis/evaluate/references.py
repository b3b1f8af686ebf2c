"""References of a file of their own, joined to hypotheses by id, by time or by position."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from dataselect.analysis.evaluate.hypothesis_pairs import (
    HYPOTHESIS,
    ID,
    REFERENCE,
    HypothesisPair,
    by_id,
    by_position,
)
from dataselect.data.fields import Column
from dataselect.data.formats.lines import Found, Item
from dataselect.data.records import BadRecord
from dataselect.errors import InputError

_OPTION = "--references"
_IGNORED = "ignore_time_segment_in_scoring"  # sclite's, as the text of a segment of STM
_RECORDING, _CHANNEL, _START, _DURATION, _WORDS = (
    "recording",
    "channel",
    "start",
    "duration",
    "words",
)


def place_columns() -> dict[str, Column]:
    """What tells which hypothesis and which reference belong together, as far as it is there."""
    names = (ID, _RECORDING, _CHANNEL, _START, _DURATION, _WORDS)
    return {name: Column.optional(name) for name in names}


def referenced(hypotheses: Sequence[Item], references: Sequence[Item]) -> Iterator[Item]:
    """Hypotheses with the fields of their references.

    Words with times, as of CTM, go to the segments, as of STM, that their middles are in; else
    records of the same id belong together, or where not all have ids those of the same position.
    Raises InputError where the files do not go together.
    """
    good = [item for item in (*hypotheses, *references) if not isinstance(item, BadRecord)]
    if _all_timed(hypotheses, _WORDS) and _all_timed(references, _START, _DURATION):
        yield from _by_time(hypotheses, references)
        return
    ids = all(isinstance(item.fields[ID], str | int) for item in good)
    for pair in (by_id if ids else by_position)(hypotheses, references, _OPTION):
        yield pair if isinstance(pair, BadRecord) else _merged(pair)


def _merged(pair: HypothesisPair) -> Found:
    assert pair.baseline is not None
    return pair.system._replace(fields={**pair.system.fields, **pair.baseline.fields})


def _all_timed(items: Sequence[Item], *names: str) -> bool:
    """Whether each good record has a recording, and a value under all of some names."""
    found = [item.fields for item in items if not isinstance(item, BadRecord)]
    return bool(found) and all(
        each[name] is not None for each in found for name in (_RECORDING, *names)
    )


def _by_time(hypotheses: Sequence[Item], references: Sequence[Item]) -> Iterator[Item]:
    """Each segment with the words whose middles are in it; raises InputError for words in none."""
    segments: dict[Any, list[Found]] = defaultdict(list)
    for item in references:
        if isinstance(item, BadRecord):
            yield item
        else:
            segments[item.fields[_RECORDING], item.fields[_CHANNEL]].append(item)
    for own in segments.values():
        own.sort(key=lambda segment: segment.fields[_START])
    heard: dict[int, list[str]] = defaultdict(list)
    for item in hypotheses:
        if isinstance(item, BadRecord):
            yield item
            continue
        own = segments[item.fields[_RECORDING], item.fields[_CHANNEL]]
        starts = [segment.fields[_START] for segment in own]
        for word in sorted(item.fields[_WORDS], key=lambda word: word["start"]):
            middle = word["start"] + word["duration"] / 2
            place = bisect_right(starts, middle) - 1
            if place < 0 or middle > starts[place] + own[place].fields[_DURATION]:
                raise InputError(
                    f"{item.line.source}:{item.line.number}: the word {word['word']!r} at "
                    f"{word['start']} s is in no segment of {_OPTION}; add one, with the text "
                    f"{_IGNORED} if it does not count"
                )
            heard[id(own[place])].append(word["word"])
    for segment in (segment for own in segments.values() for segment in own):
        if str(segment.fields[REFERENCE]).lower() != _IGNORED:
            text = " ".join(heard[id(segment)])
            yield segment._replace(fields={**segment.fields, HYPOTHESIS: text})

"""Annotation errors made on purpose: intents moved, and slots dropped, cut, joined or renamed."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from common import Record
from sklearn.feature_extraction.text import TfidfVectorizer

MOVED = "moved"
KINDS = DROPPED, CUT, JOINED, RENAMED = "dropped", "cut", "joined", "renamed"

Slot = dict[str, Any]


def move_intents(records: list[Record], share: float, rng: random.Random) -> dict[int, str]:
    """Give a share of records the intent nearest to theirs, by the mean TF-IDF row of its texts.

    Returns the kind of error by place.
    """
    neighbour = _neighbours(records)
    chosen = rng.sample(range(len(records)), round(share * len(records)))
    for place in chosen:
        records[place]["intent"] = neighbour[records[place]["intent"]]
    return dict.fromkeys(chosen, MOVED)


def _neighbours(records: Sequence[Record]) -> dict[str, str]:
    rows = TfidfVectorizer().fit_transform([record["text"] for record in records])
    intents = np.array([record["intent"] for record in records])
    names = sorted(set(intents.tolist()))
    means = np.vstack([np.asarray(rows[intents == name].mean(axis=0)) for name in names])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    cosines = means @ means.T
    np.fill_diagonal(cosines, -1)
    return {name: names[best] for name, best in zip(names, cosines.argmax(axis=1), strict=True)}


def spoil_slots(records: list[Record], share: float, rng: random.Random) -> dict[int, str]:
    """Spoil a share of the slots, at most one a record, each in a kind drawn of those that can be.

    Returns the kind of error by place. What is renamed gets another slot of its intent.
    """
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        names[record["intent"]].update(slot["slot"] for slot in record["slots"])
    every = [(place, at) for place, each in enumerate(records) for at in range(len(each["slots"]))]
    spoilt: dict[int, str] = {}
    for place, at in rng.sample(every, round(share * len(every))):
        if place in spoilt:
            continue
        for kind in rng.sample(KINDS, len(KINDS)):
            changed = _spoilt(records[place], at, kind, names[records[place]["intent"]], rng)
            if changed is not None:
                records[place]["slots"] = changed
                spoilt[place] = kind
                break
    return spoilt


def _spoilt(
    record: Record, at: int, kind: str, names: Counter[str], rng: random.Random
) -> list[Slot] | None:
    """The slots of a record with an error; None where there can be none of the kind."""
    slots, text = record["slots"], record["text"]
    before, own, after = slots[:at], slots[at], slots[at + 1 :]
    if kind == DROPPED:
        return before + after
    if kind == RENAMED:
        others = [name for name in names if name != own["slot"]]
        if not others:
            return None
        [name] = rng.choices(others, [names[each] for each in others])
        return [*before, {**own, "slot": name}, *after]
    low = before[-1]["end"] if before else 0
    high = after[0]["start"] if after else len(text)
    spans = _cuts(text, own) if kind == CUT else _joins(text, own, low, high)
    if not spans:
        return None
    start, end = rng.choice(spans)
    return [*before, {**own, "start": start, "end": end, "value": text[start:end]}, *after]


def _cuts(text: str, slot: Slot) -> list[tuple[int, int]]:
    """The spans without the first or the last word."""
    start, end = slot["start"], slot["end"]
    words = text[start:end].split()
    if len(words) < 2:
        return []
    return [(text.index(words[1], start + len(words[0])), end), (start, end - len(words[-1]) - 1)]


def _joins(text: str, slot: Slot, low: int, high: int) -> list[tuple[int, int]]:
    """The spans with the word before or the word after, where that is in no other slot."""
    start, end = slot["start"], slot["end"]
    found = []
    if text[low:start].strip():
        found.append((text.rindex(text[low:start].rsplit(maxsplit=1)[-1], low, start), end))
    if text[end:high].strip():
        word = text[end:high].split(maxsplit=1)[0]
        found.append((start, text.index(word, end) + len(word)))
    return found

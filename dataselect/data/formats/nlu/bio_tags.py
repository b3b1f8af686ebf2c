"""Slots as one tag a token: `B-artist` begins one, `I-artist` goes on, `O` is outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from unicodedata import category

_TAG = re.compile(r"O|([BI])-(.+)")


def is_tag(tag: str) -> bool:
    """Whether this is a tag of the scheme."""
    return _TAG.fullmatch(tag) is not None


def check(tag: str) -> str:
    """The tag itself. Raises ValueError for a tag of another scheme."""
    if not is_tag(tag):
        raise ValueError(f"tag '{tag}' is none of O, B-SLOT and I-SLOT; convert the tags")
    return tag


def tagged(tokens: Sequence[str], tags: Sequence[str]) -> tuple[str, list[dict[str, Any]]]:
    """The tokens joined by one space, and the slots with character offsets.

    As in conlleval, an `I-` that continues nothing of its own name begins a slot. Raises
    ValueError for counts that differ and for tags of other schemes.

    >>> tagged(["play", "the", "beatles"], ["O", "B-artist", "I-artist"])
    ('play the beatles', [{'slot': 'artist', 'start': 5, 'end': 16, 'value': 'the beatles'}])
    """
    if len(tokens) != len(tags):
        raise ValueError(f"{len(tokens)} tokens, but {len(tags)} tags; give each token one tag")
    text = " ".join(tokens)
    slots: list[dict[str, Any]] = []
    start, before = 0, ""
    for token, tag in zip(tokens, tags, strict=True):
        position, _, slot = check(tag).partition("-")
        end = start + len(token)
        if slot and position == "I" and slot == before:
            slots[-1]["end"] = end
        elif slot:
            slots.append({"slot": slot, "start": start, "end": end})
        start, before = end + 1, slot
    for found in slots:
        found["value"] = text[found["start"] : found["end"]]
    return text, slots


def tokens_of(text: str, pattern: str = r"\S+") -> list[tuple[int, str]]:
    """The tokens of a text, each with the place where it begins."""
    return [(match.start(), match[0]) for match in re.finditer(pattern, text)]


def divided(
    tokens: Sequence[tuple[int, str]], slots: Sequence[dict[str, Any]]
) -> list[tuple[int, str]]:
    """Tokens, those with punctuation at an edge of a slot inside them as two.

    >>> divided([(3, "six,")], [{"slot": "time", "start": 3, "end": 6}])
    [(3, 'six'), (6, ',')]
    """
    edges = sorted({edge for slot in slots for edge in (slot["start"], slot["end"])})
    found = []
    for start, token in tokens:
        begin = 0
        for edge in edges:
            place = edge - start
            if begin < place < len(token) and not _is_word(token[place - 1 : place + 1]):
                found.append((start + begin, token[begin:place]))
                begin = place
        found.append((start + begin, token[begin:]))
    return found


def _is_word(two: str) -> bool:
    """Whether two characters belong to one word: letters, digits, and marks on them."""
    return all(each.isalnum() or category(each)[0] == "M" for each in two)


def tags_of(tokens: Sequence[tuple[int, str]], slots: Sequence[dict[str, Any]]) -> list[str]:
    """The tag of each token. Raises ValueError for a slot whose edges are not those of tokens.

    >>> tags_of(tokens_of("play the beatles"), [{"slot": "artist", "start": 5, "end": 16}])
    ['O', 'B-artist', 'I-artist']
    """
    tags = ["O"] * len(tokens)
    begins = {start: place for place, (start, _) in enumerate(tokens)}
    ends = {start + len(token): place for place, (start, token) in enumerate(tokens)}
    for slot in slots:
        name, start, end = slot["slot"], slot["start"], slot["end"]
        for edge, known, verb in ((start, begins, "begins"), (end, ends, "ends")):
            if edge not in known:
                inside = [token for at, token in tokens if at < edge < at + len(token)]
                where = f"inside the token '{inside[0]}'" if inside else "with white space"
                raise ValueError(
                    f"slot '{name}' from {start} to {end} {verb} {where}; move it to the edge of a "
                    "token"
                )
        first, last = begins[start], ends[end]
        tags[first : last + 1] = [f"B-{name}"] + [f"I-{name}"] * (last - first)
    return tags

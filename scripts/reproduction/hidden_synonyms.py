"""Values hidden behind variants: an annotated corpus of which it is known what is a synonym."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from common import Record

Pair = tuple[str, frozenset[str]]
"""A slot, and two of its values in lower case."""

_SMALL = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_ONES = _SMALL.split()
_MANY = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = _MANY.split()
_NUMBERS = {word: str(number) for number, word in enumerate(_ONES)}
_NUMBERS |= {
    f"{tens}{' ' + _ONES[one] if one else ''}": str(10 * number + one)
    for number, tens in enumerate(_TENS, start=2)
    for one in range(10)
}
_LONGEST_FIRST = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_WORD = re.compile(rf"\b({_LONGEST_FIRST})\b(?! (?:hundred|thousand|million)\b)", re.IGNORECASE)
_DIGITS = re.compile(rf"(?<![\w:./-])({'|'.join(_NUMBERS.values())})(?![\w:./-])")
_IN_WORDS = {digits: word for word, digits in _NUMBERS.items()}
_ORDINALS = re.compile(r"\b\w+(?:st|nd|rd|th)\b", re.IGNORECASE)
_LIGHT = {"the", "of", "and", "a", "in", "to", "for"}
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {one: other for row in _ROWS for one, other in zip(row, row[1:] + row[-2], strict=True)}
_SHARE = 0.5  # of the values that occur twice or more
_NUMBER_SHARE = 0.5  # of the variants of values with a number


class Hidden(NamedTuple):
    """Records with variants, and each pair of a value and its variant with its kind."""

    records: list[Record]
    pairs: dict[Pair, str]


def hide(records: list[Record], seed: int) -> Hidden:
    """Give a tenth to a half of the occurrences of some values a variant, one for each value."""
    rng = random.Random(seed)
    places = defaultdict(list)
    for number, record in enumerate(records):
        for place, slot in enumerate(record["slots"]):
            places[slot["slot"], slot["value"].casefold()].append((number, place))
    taken = set(places)
    pairs: dict[Pair, str] = {}
    replaced: dict[tuple[int, int], str] = {}
    frequent = sorted(key for key, own in places.items() if len({n for n, _ in own}) > 1)
    for key in rng.sample(frequent, int(_SHARE * len(frequent))):
        first, place = places[key][0]
        kind, variant = _variant(records[first]["slots"][place]["value"], rng)
        if variant is None or (key[0], variant.casefold()) in taken:
            continue
        taken.add((key[0], variant.casefold()))
        own = sorted({number for number, _ in places[key]})
        chosen = set(rng.sample(own, max(1, int(len(own) * rng.uniform(0.1, 0.5)))))
        replaced |= {at: variant for at in places[key] if at[0] in chosen}
        pairs[key[0], frozenset((key[1], variant.casefold()))] = kind
    return Hidden([_with(record, n, replaced) for n, record in enumerate(records)], pairs)


def _with(record: Record, number: int, replaced: dict[tuple[int, int], str]) -> Record:
    text, at, slots = "", 0, []
    for place, slot in enumerate(record["slots"]):
        value = replaced.get((number, place), slot["value"])
        text += record["text"][at : slot["start"]]
        slots.append({**slot, "start": len(text), "end": len(text) + len(value), "value": value})
        text, at = text + value, slot["end"]
    return {**record, "text": text + record["text"][at:], "slots": slots}


def _variant(value: str, rng: random.Random) -> tuple[str, str | None]:
    """A kind, and a variant of that kind, if the value has one."""
    if (number := _number(value)) is not None and rng.random() < _NUMBER_SHARE:
        return "number words", number
    kind = rng.choice([*_KINDS])
    return kind, _KINDS[kind](value, rng)


def _number(value: str) -> str | None:
    """A value with numbers as digits, or else as words; ordinals stay."""
    if _ORDINALS.search(value):
        return None
    found = _WORD.sub(lambda match: _NUMBERS[match[0].lower()], value)
    if found == value:
        found = _DIGITS.sub(lambda match: _IN_WORDS[match[0]], value)
    return None if found == value else found


def _misspelt(value: str, rng: random.Random) -> str | None:
    """A letter left out, doubled, swapped with the next, or the key beside it; not the first."""
    words = value.split(" ")
    long = [place for place, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    if not long:
        return None
    place = rng.choice(long)
    word = words[place]
    at = rng.randrange(1, len(word) - 1)
    beside = _BESIDE.get(word[at].lower(), "e")
    words[place] = rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + beside + word[at + 1 :],
        ]
    )
    return " ".join(words) if words[place] != word else None


def _spaced(value: str, rng: random.Random) -> str | None:
    """Two words joined, or with a hyphen between them; else a hyphen or an apostrophe gone."""
    words = value.split(" ")
    if len(words) == 1:
        other = value.replace("-", " ").replace("'", "")
        return other if other != value else None
    at = rng.randrange(len(words) - 1)
    pair = rng.choice(["", "-"]).join(words[at : at + 2])
    return " ".join([*words[:at], pair, *words[at + 2 :]])


def _abbreviated(value: str, rng: random.Random) -> str | None:
    """The first letters of all words but light ones, or a word cut to three letters or four."""
    words = value.split(" ")
    heavy = [word for word in words if word.lower() not in _LIGHT]
    if len(heavy) > 1 and all(word[:1].isalpha() for word in heavy) and rng.random() < 0.5:
        return "".join(word[0] for word in heavy)
    long = [place for place, word in enumerate(words) if len(word) >= 6 and word.isalpha()]
    if not long:
        return None
    place = rng.choice(long)
    words[place] = words[place][: rng.choice((3, 4))]
    return " ".join(words)


def _with_article(value: str, rng: random.Random) -> str:
    """With 'the' before it, or without."""
    return value[4:] if value.lower().startswith("the ") else f"the {value}"


_KINDS: dict[str, Callable[[str, random.Random], str | None]] = {
    "spelling": _misspelt,
    "spaces": _spaced,
    "abbreviation": _abbreviated,
    "article": _with_article,
}

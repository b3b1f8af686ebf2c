"""Known values of slots, and where a text has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

_LONGEST = 8  # tokens of a value that is looked for
_SEPARATOR = "\n"  # no token has one

Value = tuple[str, str]
"""The words of a value, joined, and its slot."""


def value_of(words: Sequence[str], slot: str) -> Value:
    """A value by its words in lower case."""
    return _SEPARATOR.join(words), slot


@dataclass(frozen=True)
class Gazetteer:
    """How many texts have each value of each slot: `counts[value][slot]`."""

    counts: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, texts: Iterable[Iterable[Value]]) -> Gazetteer:
        """Of the values of each text."""
        counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for own in texts:
            for value, slot in set(own):
                if value.count(_SEPARATOR) < _LONGEST:
                    counts[value][slot] += 1
        return cls({value: dict(slots) for value, slots in counts.items()})

    @cached_property
    def _longest(self) -> Mapping[str, int]:
        """By first word, how many tokens the longest value has."""
        found: dict[str, int] = {}
        for value in self.counts:
            words = value.split(_SEPARATOR)
            found[words[0]] = max(len(words), found.get(words[0], 0))
        return found

    def features(self, words: Sequence[str], own: Collection[Value] = ()) -> list[list[str]]:
        """For each word of a text which known values it begins, or is inside of, the longest first.

        `own`: values of this text, which are known only if another text has them. Else all values
        would be known in training, and few afterwards.
        """
        found: list[list[str]] = [[] for _ in words]
        until: dict[str, int] = {}
        for start, word in enumerate(words):
            for end in range(min(len(words), start + self._longest.get(word, 0)), start, -1):
                value = _SEPARATOR.join(words[start:end])
                for slot, count in self.counts.get(value, {}).items():
                    if count == ((value, slot) in own) or until.get(slot, 0) > start:
                        continue
                    until[slot] = end
                    found[start].append(f"{'one' if end == start + 1 else 'begin'}={slot}")
                    for inside in found[start + 1 : end]:
                        inside.append(f"inside={slot}")
        return found

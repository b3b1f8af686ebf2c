"""Words that are a slot here and none there, between the same two words: variation n-grams.

After Dickinson & Meurers (2003), for spans with one word of context on either side, as Larson et
al. (2020) look for inconsistent slots.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from dataselect.data.annotations import Slot
from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from dataselect.operations.check.checked_corpus import CheckedCorpus
    from dataselect.operations.check.corpus_tokens import TokenizedRecord

_LEAST = 2  # records that have to agree against one

Words = tuple[int, ...]
"""The words of a span, by number, with that before and that after it."""


class Usage(NamedTuple):
    """How the records of a corpus annotate words between two others.

    `labelled`: which slot they are, how often, and in which record first; `bare`: how often none,
    and in which record first. `sizes`: how many words there are in slots that begin with a word
    after another.
    """

    labelled: dict[Words, Counter[str]]
    example: dict[tuple[Words, str], int]
    bare: Counter[Words]
    bare_example: dict[Words, int]
    sizes: dict[tuple[int, int], set[int]]


def usage(corpus: CheckedCorpus) -> Usage:
    """Count all spans that are a slot somewhere. Takes time by the words of all texts."""
    found = Usage(defaultdict(Counter), {}, Counter(), {}, defaultdict(set))
    for place, record in enumerate(corpus.tokens.records()):
        for name, first, end in record.slots:
            words = record.around(first, end)
            found.labelled[words][name] += 1
            found.example.setdefault((words, name), place)
            found.sizes[words[0], words[1]].add(end - first)
    for place, record in enumerate(corpus.tokens.records()):
        for words, _, _ in _bare(record, found):
            found.bare[words] += 1
            found.bare_example.setdefault(words, place)
    return found


def _bare(record: TokenizedRecord, found: Usage) -> Iterator[tuple[Words, int, int]]:
    """The spans of a record that touch none of its slots, and are one in another."""
    padded = record.padded
    for first, begin in enumerate(pairwise(padded[:-1])):
        for size in found.sizes.get(begin, ()):
            end = first + size
            if end > len(padded) - 2 or any(record.taken[first:end]):
                continue
            words = record.around(first, end)
            if words in found.labelled:
                yield words, first, end


def _missing(corpus: CheckedCorpus) -> Iterator[Finding]:
    known = corpus.usage
    for place, record in enumerate(corpus.tokens.records()):
        best: dict[int, tuple[int, Words, int]] = {}
        for words, first, end in _bare(record, known):
            if end > best.get(first, (0,))[0]:
                best[first] = (end, words, first)
        covered = 0
        for end, words, first in sorted(best.values(), key=lambda each: each[2]):
            if first < covered:
                continue
            name, count = known.labelled[words].most_common(1)[0]
            bare = known.bare[words]
            if count < _LEAST or count <= bare:
                continue
            covered = end
            start, stop = record.characters(first, end)
            text = corpus.texts[place]
            slot = Slot(name, start, stop, text[start:stop])
            yield Finding(
                place,
                count / (count + bare + 1),
                f"'{slot.value}' is '{name}' in {count:,} other records between the same words, "
                f"and no slot in {bare:,}",
                slots=tuple(sorted((*corpus.records[place].slots, slot), key=lambda s: s.start)),
                conflicts_with=known.example[words, name],
            )


def _unusual(corpus: CheckedCorpus) -> Iterator[Finding]:
    known = corpus.usage
    for place, record in enumerate(corpus.tokens.records()):
        slots = corpus.records[place].slots
        for at, (_, first, end) in enumerate(record.slots):
            words = record.around(first, end)
            count, bare = known.labelled[words].total(), known.bare[words]
            if bare < _LEAST or bare <= count:
                continue
            yield Finding(
                place,
                bare / (count + bare + 1),
                f"'{slots[at].value}' is no slot in {bare:,} other records between the same "
                f"words, and one in {count:,}",
                slots=(*slots[:at], *slots[at + 1 :]),
                conflicts_with=known.bare_example[words],
            )


MISSING = Rule("missing_slot", "stable", ("slots",), _missing)
UNUSUAL = Rule("unusual_slot", "stable", ("slots",), _unusual)

"""Templates filled with the values of other utterances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from dataselect.data.annotations import Utterance
from dataselect.data.text_offsets import cut_words
from dataselect.models.near_duplicates import canonical as without_punctuation
from dataselect.models.ngrams.speakers import Speakers, count_by_speaker, speakers_of
from dataselect.models.paraphrase_detector.pairs.templates import Frame, Key, Template, canonical
from dataselect.operations.values.fill.annotated_records import AnnotatedRecord, unplaced

PER_TEMPLATE = 5
_TRIES = 4  # draws for each utterance that is wanted
_SAME_FRAME = 0.5  # share of draws among utterances with the very same slots, if there are others


class MadeUtterance(NamedTuple):
    """An utterance of the template of one record with values of another.

    `slots`: the types that have another value than in the template's record.
    """

    utterance: Utterance
    template: AnnotatedRecord
    values: AnnotatedRecord
    slots: tuple[str, ...]

    def as_record(self) -> dict[str, Any]:
        """The record to write."""
        text, intent, slots, _ = self.utterance
        found = {"text": text} | ({} if intent is None else {"intent": intent})
        return found | {
            "slots": [each._asdict() for each in slots],
            "made_from": {
                "template": self.template.name,
                "values": self.values.name,
                "slots": list(self.slots),
            },
        }


def fill_values(
    utterances: Iterable[Utterance],
    *,
    per_template: int = PER_TEMPLATE,
    seed: int = 0,
    min_speakers: int | None = None,
    speakers: Iterable[str] | None = None,
) -> list[Utterance]:
    """New utterances: each template of the given ones with values of others, none twice.

    With `min_speakers`, of templates and values that so many of the `speakers` said.

    >>> from dataselect.data.annotations import Slot
    >>> one = Utterance("play abba", "play", (Slot("artist", 5, 9, "abba"),))
    >>> other = Utterance("put on cher", "play", (Slot("artist", 7, 11, "cher"),))
    >>> [made.text for made in fill_values([one, other])]
    ['play cher', 'put on abba']
    """
    records = unplaced(utterances)
    who = speakers_of(speakers, min_speakers)
    said = records if who is None else said_by_enough(records, who)
    return [made.utterance for made in made_utterances(records, per_template, seed, said)]


def said_by_enough(records: Sequence[AnnotatedRecord], speakers: Speakers) -> list[AnnotatedRecord]:
    """Those whose template, and each value of theirs, enough of the speakers said.

    Raises InputError where there are too few speakers.
    """
    if records:
        speakers.check(len(records))
    numbers: dict[tuple[object, ...], int] = {}
    parts = [
        [numbers.setdefault(part, len(numbers)) for part in _parts(each.utterance)]
        for each in records
    ]
    who = np.repeat(speakers.of_texts, list(map(len, parts)))
    found = np.array([part for own in parts for part in own], np.int64)
    said = count_by_speaker(found, who, len(numbers)).speakers >= speakers.least
    return [each for each, own in zip(records, parts, strict=True) if said[own].all()]


def _parts(utterance: Utterance) -> set[tuple[object, ...]]:
    """The template of an utterance, and its values."""
    values = {(each.slot, canonical(each.value)) for each in utterance.slots}
    return {(Template.of(utterance).key,), *values}


def made_utterances(
    records: Sequence[AnnotatedRecord],
    per_template: int,
    seed: int,
    among: Sequence[AnnotatedRecord],
) -> Iterator[MadeUtterance]:
    """Yield up to `per_template` utterances of each distinct template with slots, in their order.

    Templates and values are those `among` the records; none of these is made again.
    Values are those of one other utterance, so that those said together stay together: of the same
    intent where it has another, else of any.
    """
    rng = np.random.default_rng(seed)
    known = {without_punctuation(each.utterance.text) for each in records}
    donors = _Donors(among)
    seen: set[tuple[str | None, Key]] = set()
    for record in among:
        template = Template.of(record.utterance)
        if not template.slots or (template.intent, template.key) in seen:
            continue
        seen.add((template.intent, template.key))
        wanted = per_template
        for _ in range(per_template * _TRIES):
            if not wanted:
                break
            made = _filled(template, record, donors.draw(template, rng))
            if made is None or (text := without_punctuation(made.utterance.text)) in known:
                continue
            known.add(text)
            wanted -= 1
            yield made


class _Donors:
    """Utterances by what they have in common with a template."""

    def __init__(self, records: Sequence[AnnotatedRecord]) -> None:
        self._alike: dict[Frame, list[AnnotatedRecord]] = defaultdict(list)
        self._of_intent: dict[tuple[str | None, str], list[AnnotatedRecord]] = defaultdict(list)
        self._having: dict[str, list[AnnotatedRecord]] = defaultdict(list)
        self._values: dict[tuple[str | None, str], set[str]] = defaultdict(set)
        for record in records:
            _, intent, slots, _ = record.utterance
            if slots:
                self._alike[intent, tuple(sorted(each.slot for each in slots))].append(record)
            for each in slots:
                self._of_intent[intent, each.slot].append(record)
                self._having[each.slot].append(record)
                self._values[intent, each.slot].add(canonical(each.value))

    def draw(self, template: Template, rng: np.random.Generator) -> AnnotatedRecord:
        """A record with values for a template, each value as probable as it is frequent."""
        alike = self._alike[template.frame]
        if len(alike) > 1 and rng.random() < _SAME_FRAME:
            return alike[int(rng.integers(len(alike)))]
        slot = template.slots[int(rng.integers(len(template.slots)))]
        own = template.intent, slot
        found = self._of_intent[own] if len(self._values[own]) > 1 else self._having[slot]
        return found[int(rng.integers(len(found)))]


def _filled(
    template: Template, record: AnnotatedRecord, donor: AnnotatedRecord
) -> MadeUtterance | None:
    """The template with the values of a donor, or None where that makes nothing new or sound."""
    made = template.fill_like(donor.utterance.slots)._replace(id=None)
    values = [canonical(each.value) for each in made.slots]
    own = [canonical(value) for value in template.values]
    changed = tuple(
        slot for slot, new, old in zip(template.slots, values, own, strict=True) if new != old
    )
    if not changed or len(set(values)) < len(set(own)):  # from Oslo to Oslo
        return None
    if any(cut_words(made.text, each.start, each.end) for each in made.slots):
        return None
    return MadeUtterance(made, record, donor, changed)

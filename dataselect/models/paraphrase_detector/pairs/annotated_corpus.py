"""An annotated corpus, looked at as templates and values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from dataselect.data.annotations import Utterance
from dataselect.models.paraphrase_detector.pairs.templates import (
    Frame,
    Key,
    Meaning,
    Template,
    canonical,
    meaning,
)

_NEAR_SHARE = 0.5  # of the values drawn instead of another, if there are any near it


def distinct_templates(utterances: Iterable[Utterance]) -> list[Template]:
    """The templates of utterances, without repeated ones and without those of several intents.

    A template that two intents share does not tell which of them is meant.
    """
    found: dict[tuple[str, Meaning], Template] = {}
    intents: dict[Key, set[str | None]] = defaultdict(set)
    for utterance in utterances:
        template = Template.of(utterance)
        found.setdefault((canonical(utterance.text), meaning(utterance)), template)
        intents[template.key].add(utterance.intent)
    return [template for template in found.values() if len(intents[template.key]) == 1]


class Values:
    """The distinct values of a slot type: canonical form to one spelling, in order."""

    def __init__(self, spelled: Mapping[str, str]) -> None:
        self._spelled = spelled
        self._all = list(spelled)
        self._with_word: dict[str, list[str]] = defaultdict(list)
        for value in spelled:
            for word in set(value.split()):
                self._with_word[word].append(value)

    def __contains__(self, value: str) -> bool:
        return canonical(value) in self._spelled

    def any(self, rng: np.random.Generator) -> str:
        """A value, each by the same chance."""
        return self._spelled[self._all[int(rng.integers(len(self._all)))]]

    def other(self, value: str, rng: np.random.Generator) -> str | None:
        """A value other than this one, half of the time one with a word in common."""
        own = canonical(value)
        words = own.split()
        near = self._with_word[words[int(rng.integers(len(words)))]] if words else []
        drawn = near if len(near) > 1 and rng.random() < _NEAR_SHARE else self._all
        place = int(rng.integers(len(drawn)))
        for each in (drawn[place], drawn[place - 1]):
            if each != own:
                return self._spelled[each]
        return None


class AnnotatedCorpus:
    """Templates, and what they can be filled with.

    `by_intent`: the templates of each intent, in their order; one for each utterance.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        self.by_intent: dict[str | None, list[Template]] = defaultdict(list)
        self._twins: dict[Meaning, dict[Key, Template]] = defaultdict(dict)
        self._having: dict[str, dict[str | None, list[Template]]] = {}
        alike: dict[Frame, dict[Key, Template]] = defaultdict(dict)
        values: dict[str, dict[str, str]] = defaultdict(dict)
        for template in templates:
            self.by_intent[template.intent].append(template)
            alike[template.frame].setdefault(template.key, template)
            self._twins[meaning(template.example)].setdefault(template.key, template)
            for slot in set(template.slots):
                self._having.setdefault(slot, defaultdict(list))[template.intent].append(template)
            for slot, value in zip(template.slots, template.values, strict=True):
                values[slot].setdefault(canonical(value), value)
        self._alike = {frame: list(found.values()) for frame, found in alike.items()}
        self._values = {slot: Values(found) for slot, found in values.items()}

    def twins(self, template: Template) -> Mapping[Key, Template]:
        """Distinct templates of all utterances that mean what its example means."""
        return self._twins[meaning(template.example)]

    def alike(self, template: Template) -> Sequence[Template]:
        """Distinct templates of the same intent with the same slot types, its own among them."""
        return self._alike[template.frame]

    def has_alike(self) -> bool:
        """Whether there are two different templates of one intent with the same slot types."""
        return any(len(found) > 1 for found in self._alike.values())

    def elsewhere(self, template: Template, slot: str) -> list[list[Template]]:
        """The templates with a slot of a type, of each other intent."""
        having = self._having[slot].items()
        return [found for intent, found in having if intent != template.intent]

    def values(self, slot: str) -> Values:
        """All values of a slot type."""
        return self._values[slot]

    def refilled(self, template: Template, rng: np.random.Generator) -> Template:
        """A template whose example has other values, each drawn by itself."""
        return Template.of(template.fill([self._values[slot].any(rng) for slot in template.slots]))

    def share_of_values_in(self, other: AnnotatedCorpus) -> float:
        """Share of the slots of all utterances whose value another corpus has, too."""
        slots = [
            (slot, value)
            for found in self.by_intent.values()
            for template in found
            for slot, value in zip(template.slots, template.values, strict=True)
        ]
        shared = sum(
            slot in other._values and value in other._values[slot] for slot, value in slots
        )
        return shared / len(slots) if slots else 0.0

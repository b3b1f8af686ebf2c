"""Texts that have several intents, among utterances that something learns from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dataselect.models.near_duplicates import canonical

if TYPE_CHECKING:
    from dataselect.data.annotations import Utterance


class IntentConflicts:
    """Counts texts, case and punctuation aside, that occur under more than one intent."""

    def __init__(self) -> None:
        self._intents: dict[str, str] = {}
        self._texts: set[str] = set()

    def watch(self, utterances: Iterable[Utterance]) -> Iterator[Utterance]:
        """Pass utterances on, and count on the way."""
        for utterance in utterances:
            if utterance.intent is not None:
                text = canonical(utterance.text)
                if self._intents.setdefault(text, utterance.intent) != utterance.intent:
                    self._texts.add(text)
            yield utterance

    def warnings(self) -> list[str]:
        """What a person should know before learning from them.

        >>> from dataselect.data.annotations import Utterance
        >>> conflicts = IntentConflicts()
        >>> _ = list(conflicts.watch([Utterance("stop", "off"), Utterance("Stop!", "end")]))
        >>> conflicts.warnings()
        ['1 text has several intents; dataselect check tells which']
        """
        count = len(self._texts)
        if not count:
            return []
        texts = "1 text has" if count == 1 else f"{count:,} texts have"
        return [f"{texts} several intents; dataselect check tells which"]

"""The options of `dataselect discover`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.command_line.option import RECORDS, option, text_field_of

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.operations.discover.discover_input import KnownTexts

_KNOWN, _GROUPS = "Known intents", "Groups"


@dataclass(frozen=True)
class KnownIntentOptions:
    """What is no news."""

    labelled: list[str] | None = option(
        "FILE",
        _KNOWN,
        "Annotated records of the known intents; again for several files [default: none, but "
        "records of the input that have an intent].",
    )
    labelled_field: str | None = text_field_of("--labelled")
    intent_field: str = option(
        "FIELD",
        RECORDS,
        "Where labelled records, and those of the input, have an intent [default: intent].",
        "intent",
    )
    parent_field: str | None = option(
        "FIELD",
        _KNOWN,
        "What groups are placed under, such as domain: the field of known records that is told "
        "of the nearest ones [default: as --intent-field].",
    )

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles

        return [RecordFiles([path]) for path in self.labelled or ()]

    @property
    def parent(self) -> str:
        return self.parent_field or self.intent_field

    def known(self, text_field: str) -> KnownTexts:
        """The labelled records. Raises InputError."""
        from dataselect.data.fields import Column
        from dataselect.operations.discover.discover_input import KnownTexts

        text = Column.text_of("--labelled", self.labelled_field, text_field)
        return KnownTexts.read(self.labelled or [], text, self.intent_field, self.parent)


@dataclass(frozen=True)
class GroupOptions:
    """What makes a group."""

    neighbours: int | None = option(
        "N",
        _GROUPS,
        "Nearest texts that each text is linked to [default: 30; in a pool of fewer than 900, the "
        "square root of its size].",
        min=1,
    )
    density: float | None = option(
        "X",
        _GROUPS,
        "A text joins a group if its links, of which each counts as the cosine, are more than "
        "this share of the group; the higher, the more and the smaller groups [default: the one "
        "whose groups are most like the known intents; without any, 0.03].",
        min=0,
        max=1,
    )
    min_size: int = option(
        "N", _GROUPS, "Different texts that a group has at least [default: 10].", 10, min=2
    )
    sample_size: int = option(
        "N",
        _GROUPS,
        "Look for groups among so many different texts, drawn at random; the others join the "
        "nearest one [default: 25000].",
        25_000,
        min=2,
    )
    keep_ungrouped: bool = option(
        "",
        _GROUPS,
        "Keep records of known intents and those in no group, too: their group is null.",
        False,
    )

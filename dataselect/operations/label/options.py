"""What `dataselect label` learns from, and the encoder of a saved classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataselect.command_line.encoder_options import NeuralOptions, check_version
from dataselect.command_line.ending import warn
from dataselect.command_line.option import option, text_field_of
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    import numpy as np

    from dataselect.data.annotations import Utterance
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings
    from dataselect.models.encoders.base import Encoder

_FIT = "Learning"


@dataclass(frozen=True)
class LearningOptions:
    """What an intent classifier learns from."""

    labelled: list[str] | None = option(
        "FILE", _FIT, "Annotated records with the intent of each; again for several files."
    )
    labelled_field: str | None = text_field_of("--labelled")
    intent_field: str = option(
        "FIELD", _FIT, "Where labelled records have their intent [default: intent].", "intent"
    )
    slots_field: str = option(
        "FIELD",
        _FIT,
        "Where labelled records have their slots: objects with slot, start and end "
        "[default: slots].",
        "slots",
    )
    background: str | None = option(
        "FILE",
        _FIT,
        "Text that is none of the intents, such as that of the other intents of an "
        "assistant: the class 'other' [default: there is none].",
    )
    background_field: str | None = text_field_of("--background")
    rounds: int = option(
        "N",
        _FIT,
        "Rounds of self-training on the input; 0 learns from labelled records alone [default: 3].",
        3,
        min=0,
    )

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles

        paths = [*(self.labelled or []), *([self.background] if self.background else [])]
        return [RecordFiles([path]) for path in paths]

    def labelled_records(self, settings: Settings) -> list[Utterance]:
        """The records to learn from. Raises InputError where there are none."""
        from dataselect.data.annotations import annotation, read_utterances, warnings
        from dataselect.data.fields import Column
        from dataselect.data.formats.record_files import RecordFiles
        from dataselect.models.intent_conflicts import IntentConflicts

        paths = self.labelled or []
        text = Column.text_of("--labelled", self.labelled_field, settings.text_field)
        column = annotation(text, self.intent_field, self.slots_field)
        found = read_utterances(RecordFiles(paths, text_field=text.path), column)
        conflicts = IntentConflicts()
        found = list(conflicts.watch(found))
        warn([*warnings(column), *conflicts.warnings()], settings)
        if not found:
            where = ", ".join(paths)
            raise InputError(f"{where}: no labelled record to learn from; give five an intent")
        return found

    def background_texts(self, text_field: str, rng: np.random.Generator) -> list[str]:
        """Texts that are none of the intents, or nothing. Raises InputError for an empty file."""
        from dataselect.data.fields import Column
        from dataselect.data.formats.record_files import RecordFiles
        from dataselect.data.sampling import sample_texts
        from dataselect.models.intent_classifier.intent_classifier import BACKGROUND_SIZE

        if self.background is None:
            return []
        column = Column.text_of("--background", self.background_field, text_field)
        source = RecordFiles([self.background], text_field=column.path)
        found = sample_texts(source, column, BACKGROUND_SIZE, rng, strict=True)
        if not found:
            raise InputError(f"{self.background}: no text to tell intents from; check --background")
        return found


def can_learn_slots(labelled: Sequence[Utterance], settings: Settings) -> bool:
    """Whether there are slots to learn; where the package for it is missing, a warning says so."""
    from dataselect.models.slot_tagger.crf_training import require_crfsuite

    if not any(each.slots for each in labelled):
        return False
    try:
        require_crfsuite()
    except OptionError as missing:
        warn([f"only intents are labelled: {missing.message}, or give --no-slots"], settings)
        return False
    return True


def open_encoder(encoding: NeuralOptions, model: str) -> Callable[[Mapping[str, Any]], Encoder]:
    """What finds the encoder that a saved intent classifier was trained with.

    Raises InputError where another version of it is found.
    """

    def opened(described: Mapping[str, Any]) -> Encoder:
        encoder = encoding.neural(encoding.encoder or described["model"])
        check_version(encoder, described, model, done="trained", again="train")
        return encoder

    return opened

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
    from dataselect.data.fields import Column
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
    unfiltered: str | None = option(
        "FILE",
        _FIT,
        "The pool before it was filtered: word vectors are learnt from its text, beside labelled "
        "records and background, and nothing else [default: the input].",
    )
    unfiltered_field: str | None = text_field_of("--unfiltered")
    no_vectors: bool = option(
        "", _FIT, "Learn no word vectors: words and characters alone tell intents apart.", False
    )
    rounds: int = option(
        "N",
        _FIT,
        "Rounds of self-training on the input; 0 learns from labelled records alone [default: 3].",
        3,
        min=0,
    )

    weight_field: str | None = option(
        "FIELD",
        _FIT,
        "Where records of the input have how many records each counts as while it is learnt from, "
        "such as the 'weight' of diversity [default: 1 each].",
    )

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles

        others = [path for path in (self.background, self.unfiltered) if path]
        return [RecordFiles([path]) for path in [*(self.labelled or []), *others]]

    def check(self, encoder: str | None) -> None:
        """Raise OptionError for options without a use."""
        if self.unfiltered and (self.no_vectors or encoder):
            other = "--no-vectors" if self.no_vectors else "--encoder"
            raise OptionError(f"--unfiltered is to learn word vectors from; leave {other} out")
        if self.weight_field is not None and not self.rounds:
            raise OptionError("--weight-field is for rounds of self-training; leave --rounds 0 out")

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
        from dataselect.models.intent_classifier.intent_classifier import BACKGROUND_SIZE

        column = Column.text_of("--background", self.background_field, text_field)
        use = "to tell intents from; check --background"
        return _drawn(self.background, column, BACKGROUND_SIZE, rng, use)

    def unfiltered_texts(self, text_field: str, rng: np.random.Generator) -> list[str]:
        """Texts to learn word vectors from, or nothing. Raises InputError for an empty file."""
        from dataselect.data.fields import Column
        from dataselect.models.intent_classifier.intent_classifier import VECTOR_TEXTS

        column = Column.text_of("--unfiltered", self.unfiltered_field, text_field)
        use = "to learn word vectors from; check --unfiltered"
        return _drawn(self.unfiltered, column, VECTOR_TEXTS, rng, use)


def _drawn(
    path: str | None, column: Column, size: int, rng: np.random.Generator, use: str
) -> list[str]:
    """Texts of a file, if there is one. Raises InputError where it has none."""
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.sampling import sample_texts

    if path is None:
        return []
    source = RecordFiles([path], text_field=column.path)
    found = sample_texts(source, column, size, rng, strict=True)
    if not found:
        raise InputError(f"{path}: no text {use}")
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

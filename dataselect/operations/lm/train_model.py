"""`dataselect lm train`: train an n-gram language model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataselect.command_line.ending import note, warn
from dataselect.command_line.normalization_options import NormalizationOptions
from dataselect.command_line.option import option
from dataselect.command_line.options import (
    SPEAKERS,
    InputOptions,
    OutputOptions,
    SpeakerOptions,
)
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.data.input_files import Inputs
    from dataselect.models.ngrams.speakers import Speakers

_NOUN, _MODEL = "lm train", "Language model"


@dataclass(frozen=True)
class LanguageModelTrainOptions:
    """What the model is like."""

    order: int = option(
        "N", _MODEL, "Longest n-gram [default: 3; KenLM reads 2 and up].", 3, min=1, max=6
    )
    prune: list[str] | None = option(
        "'0 0 1'",
        _MODEL,
        "For each order, drop n-grams seen so often or less; the last number serves "
        "longer ones, the first is 0.",
    )
    vocab: str | None = option(
        "FILE",
        _MODEL,
        "Know these words only, white space between them; any other is counted as <unk>.",
    )
    min_count: int = option(
        "N",
        _MODEL,
        "Know words seen N times or more; any other is counted as <unk> [default: 1].",
        1,
        min=1,
    )

    def reads(self) -> list[Inputs]:
        """The files that training reads, beside the text."""
        from dataselect.data.input_files import Inputs

        return [] if self.vocab is None else [Inputs([self.vocab])]


@dataclass(frozen=True)
class TrainingSpeakerOptions(SpeakerOptions):
    """What single speakers may add to the model."""

    max_per_speaker: int | None = option(
        "C",
        SPEAKERS,
        "Count an n-gram C times at most for each speaker [default: as often as it is said].",
        min=1,
    )

    @property
    def asks(self) -> bool:
        """Whether speakers matter."""
        return self.min_speakers is not None or self.max_per_speaker is not None

    def build(self) -> Speakers | None:
        """What collects the speakers of the text."""
        from dataselect.models.ngrams.speakers import Speakers

        return Speakers(self.min_speakers or 1, self.max_per_speaker) if self.asks else None


USUAL = (
    "order prune vocab min_count min_speakers max_per_speaker lowercase remove_punctuation "
    "text_field output"
)
EXAMPLES = r"""
dataselect lm train --order 3 -o weak.arpa annotated.jsonl
dataselect lm train --lowercase --min-count 2 winnowed.jsonl > rich.arpa
"""


def command(
    inputs: InputOptions,
    training: LanguageModelTrainOptions,
    speaking: TrainingSpeakerOptions,
    normalizing: NormalizationOptions,
    output: OutputOptions,
) -> None:
    """Train an n-gram language model on the text of all records.

    Interpolated modified Kneser-Ney smoothing, as KenLM's lmplz has it; an ARPA file that KenLM
    and recognisers load. Each text is a sentence. Markers such as <s> in a text are words like
    any other. Takes up to 60 bytes of memory a word for each order. With --min-speakers an n-gram,
    a word too, enters the model only if so many speakers said it; its mass goes to the back-off,
    and the words are <unk>.
    """
    from dataselect.console import Steps
    from dataselect.execution.run import Run

    _refuse_thresholds_as_files(training, inputs)
    settings, column = output.build(), speaking.column()
    texts = inputs.open(digest=settings.report is not None, text_field=settings.text_field)
    with (
        Run(texts, settings, also_read=training.reads()) as run,
        Steps(quiet=settings.quiet) as report,
    ):
        from dataselect.models.language_model import arpa
        from dataselect.models.language_model.scoring.unspaced import Watch
        from dataselect.models.language_model.trainers import read_words, train_batches

        watch, speakers = Watch(), speaking.build()
        beside = None if speakers is None or column is None else {column: speakers.add}
        made = train_batches(
            watch.over(run.texts(_NOUN, normalizing.build(), beside=beside)),
            order=training.order,
            prune=_thresholds(training.prune or ()),
            words=next(map(read_words, training.reads()), None),
            min_count=training.min_count,
            speakers=speakers,
            report=report,
        )
        for chunk in arpa.write(made.model):
            run.write(chunk)
        found = made.describe()
        run.warnings = [*made.warnings(), *watch.warnings()]
        run.report(_NOUN, {"order": training.order}, **{_NOUN: found})
    warn(run.warnings, settings)
    note(_summary(found), quiet=settings.quiet)


def _thresholds(given: Sequence[str]) -> list[int]:
    spelled = " ".join(given).replace(",", " ").split()
    if not all(word.isdecimal() for word in spelled):
        raise OptionError(f"--prune {' '.join(given)} is not whole numbers; give such as '0 0 1'")
    return list(map(int, spelled))


def _refuse_thresholds_as_files(training: LanguageModelTrainOptions, inputs: InputOptions) -> None:
    """Say what went wrong after `--prune 0 0 1` without quotes."""
    strays = [name for name in inputs.files or () if name.isdecimal() and not os.path.exists(name)]
    if training.prune and strays:
        quoted = " ".join([*training.prune, *strays])
        raise OptionError(f"quote the thresholds: --prune '{quoted}'")


def _summary(found: dict[str, Any]) -> str:
    ngrams = " + ".join(f"{count:,}" for count in found["ngrams"])
    trained = f"trained on {found['words']:,} words in {found['sentences']:,} sentences"
    if said := found.get("speakers"):
        trained += f" of {said['different']:,} speakers"
        if said["unknown_words"]:
            trained += f", {said['unknown_words']:,} words of too few as <unk>"
    return f"{trained}: {ngrams} n-grams"

"""`dataselect lm train`: train an n-gram language model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataselect.command_line.ending import note, warn
from dataselect.command_line.normalization_options import NormalizationOptions
from dataselect.command_line.option import option
from dataselect.command_line.options import InputOptions, OutputOptions
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.data.input_files import Inputs

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


USUAL = "order prune vocab min_count lowercase remove_punctuation text_field output"
EXAMPLES = r"""
dataselect lm train --order 3 -o weak.arpa annotated.jsonl
dataselect lm train --lowercase --min-count 2 winnowed.jsonl > rich.arpa
"""


def command(
    inputs: InputOptions,
    training: LanguageModelTrainOptions,
    normalizing: NormalizationOptions,
    output: OutputOptions,
) -> None:
    """Train an n-gram language model on the text of all records.

    Interpolated modified Kneser-Ney smoothing, as KenLM's lmplz has it; an ARPA file that KenLM
    and recognisers load. Each text is a sentence. Markers such as <s> in a text are words like
    any other. Takes up to 60 bytes of memory a word for each order.
    """
    from dataselect.console import Steps
    from dataselect.execution.run import Run

    _refuse_thresholds_as_files(training, inputs)
    settings = output.build()
    texts = inputs.open(digest=settings.report is not None, text_field=settings.text_field)
    with (
        Run(texts, settings, also_read=training.reads()) as run,
        Steps(quiet=settings.quiet) as report,
    ):
        from dataselect.models.language_model import arpa
        from dataselect.models.language_model.scoring.unspaced import Watch
        from dataselect.models.language_model.trainers import read_words, train_batches

        watch = Watch()
        made = train_batches(
            watch.over(run.texts(_NOUN, normalizing.build())),
            order=training.order,
            prune=_thresholds(training.prune or ()),
            words=next(map(read_words, training.reads()), None),
            min_count=training.min_count,
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
    return (
        f"trained on {found['words']:,} words in {found['sentences']:,} sentences: {ngrams} n-grams"
    )

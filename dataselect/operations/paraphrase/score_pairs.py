"""`dataselect paraphrase score`: whether pairs, or records and those of a file, say the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Annotated

from dataselect.command_line.ending import finish
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.option import given, option, text_field_of
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    from dataselect.data.fields import Column
    from dataselect.data.input_files import Inputs
    from dataselect.execution.scorer import Scorer

_SCORE, _RECORDS = "Scoring", "Records"


@dataclass(frozen=True)
class PairFieldOptions:
    """Where the two texts of a record are."""

    text1_field: str = option("FIELD", _RECORDS, "One text of a pair [default: text1].", "text1")
    text2_field: str = option("FIELD", _RECORDS, "The other text [default: text2].", "text2")


@dataclass(frozen=True)
class MatchOptions:
    """Texts to find the best match in."""

    against: str | None = option(
        "FILE",
        _SCORE,
        "Compare the text of each record with those of this file; adds 'nearest', the "
        "id of the best match, or FILE:LINE where it has none.",
    )
    against_field: str | None = text_field_of("--against")
    candidates: int | None = option(
        "N",
        _SCORE,
        "How many texts of --against are compared with each record by the detector, "
        "nearest first [default: 10].",
        min=1,
    )


@dataclass(frozen=True)
class PairCalibrationOptions:
    """What makes probabilities mean what they say on texts unlike those of training."""

    prior: float | None = option(
        "SHARE",
        _SCORE,
        "The share of paraphrases among the pairs, as far as you know: probabilities are shifted "
        "until this is their mean [default: as training left them].",
        min=0.001,
        max=0.999,
    )
    calibrate_on: str | None = option(
        "FILE",
        _SCORE,
        "Calibrate on pairs of this file, which have a 'label', 1 or 0; 100 of texts like those "
        "scored are enough.",
    )

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles

        return [] if self.calibrate_on is None else [RecordFiles([self.calibrate_on])]


USUAL = "detector against candidates prior calibrate_on device threshold top_k share output rejects"
EXAMPLES = r"""
dataselect paraphrase score --detector detector dev.pairs.jsonl
dataselect paraphrase score --detector detector --against annotated.jsonl --threshold 0.5 \
    -o alike.jsonl relevant.jsonl
"""


def command(
    inputs: InputOptions,
    detector: Annotated[
        str,
        option("FOLDER", _SCORE, "A detector that 'paraphrase train' wrote."),
    ],
    matching: MatchOptions,
    pairs: PairFieldOptions,
    calibrating: PairCalibrationOptions,
    selection: SelectionOptions,
    run: RunOptions,
    engine: EngineOptions,
    device: str | None = option(
        "NAME",
        _SCORE,
        "Where the detector runs: cpu, cuda, cuda:1, mps [default: the library's choice].",
    ),
) -> None:
    """Tell how probably pairs, or records and those of a file, say the same.

    A detector is adapted to the texts at hand: a sample of the input, and the file of --against.

    Adds 'paraphrase': the probability that 'text1' and 'text2' ask for the same, with the same
    values. With --against, that of the record's 'text' and its best match.
    """
    from dataselect.data.fields import Column
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.sampling import names_at
    from dataselect.models.paraphrase_detector.best_match import CANDIDATES
    from dataselect.models.paraphrase_detector.detector import SavedDetector
    from dataselect.operations.paraphrase.adaptation import (
        at_share,
        calibrated_on,
        sampled,
        unlike_training,
    )
    from dataselect.operations.paraphrase.scorer import BestMatch, PairProbability

    settings, rule = run.build(), selection.build()
    if matching.against is None:
        if unused := given(matching):
            raise OptionError(f"{unused[0]} is for --against FILE; give it too")
        settings = replace(settings, text_field=pairs.text1_field)
    elif given(pairs):
        raise OptionError(f"{given(pairs)[0]} is for pairs, and --against compares --text-field")
    elif calibrating.prior is not None:
        raise OptionError("--prior is for pairs, and --against compares best matches; leave it out")
    pool = engine.open(inputs, run, rule, settings)
    others = None
    if matching.against is not None:
        others = RecordFiles([matching.against], text_field=settings.text_field)
    labelled = calibrating.reads()
    read = [*([] if others is None else [others]), *labelled, *selection.reads()]
    with engine.job(pool, settings, also_read=read) as job:
        saved = SavedDetector(detector, device=device)
        saved.loaded  # noqa: B018  a folder that is none is refused at once
        against = [] if others is None else _texts(others, matching, settings.text_field)
        columns = _columns(pairs) if others is None else [Column.text(settings.text_field)]
        sample = sampled(pool, columns, settings)
        texts = [*chain.from_iterable(sample), *against]
        fitted = saved.adapted(texts)
        for each in labelled:
            fitted, job.facts["calibrated_on"] = calibrated_on(fitted, each, _columns(pairs))
        if calibrating.prior is not None:
            fitted = at_share(fitted, list(zip(*sample, strict=True)), calibrating.prior)
        if calibrating == PairCalibrationOptions():
            job.warnings += unlike_training(saved, texts)
        scorer: Scorer = (
            PairProbability(fitted, text1_field=pairs.text1_field, text2_field=pairs.text2_field)
            if others is None
            else BestMatch(
                fitted,
                against,
                names_at(others, range(len(against))),
                candidates=matching.candidates or CANDIDATES,
                text_field=settings.text_field,
            )
        )
        result = job.apply(scorer, rule)
    finish(result, settings)


def _columns(pairs: PairFieldOptions) -> list[Column]:
    """The two texts of a record."""
    from dataselect.data.fields import Column

    fields = pairs.text1_field, pairs.text2_field
    return [Column.text(field, f"--text{number}-field") for number, field in enumerate(fields, 1)]


def _texts(others: Inputs, matching: MatchOptions, text_field: str) -> list[str]:
    """The texts of --against."""
    from dataselect.data.fields import Column
    from dataselect.data.sampling import read_columns

    others.keep_for_rereading()
    column = Column.text_of("--against", matching.against_field, text_field)
    [texts] = read_columns(others, [column])
    if not texts:
        raise InputError(f"{matching.against}: no text to compare with; check --against")
    return texts

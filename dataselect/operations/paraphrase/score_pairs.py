"""`dataselect paraphrase score`: whether pairs, or records and those of a file, say the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from dataselect.command_line.ending import finish
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.option import given, option, text_field_of
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.execution.scorer import Scorer
    from dataselect.models.paraphrase_detector.detector import SavedDetector

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


USUAL = "detector against candidates device threshold top_k share output rejects"
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

    Adds 'paraphrase': the probability that 'text1' and 'text2' ask for the same, with the same
    values. With --against, that of the record's 'text' and its best match.
    """
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.models.paraphrase_detector.detector import SavedDetector

    settings, rule = run.build(), selection.build()
    if matching.against is None:
        if unused := given(matching):
            raise OptionError(f"{unused[0]} is for --against FILE; give it too")
        settings = replace(settings, text_field=pairs.text1_field)
    elif given(pairs):
        raise OptionError(f"{given(pairs)[0]} is for pairs, and --against compares --text-field")
    pool = engine.open(inputs, run, rule, settings)
    others = None
    if matching.against is not None:
        others = RecordFiles([matching.against], text_field=settings.text_field)
    read = [*([] if others is None else [others]), *selection.reads()]
    with engine.job(pool, settings, also_read=read) as job:
        loaded = SavedDetector(detector, device=device)
        loaded.loaded  # noqa: B018  a folder that is none is refused at once
        scorer = (
            _of_pairs(loaded, pairs)
            if others is None
            else _of_file(loaded, others, matching, settings.text_field)
        )
        result = job.apply(scorer, rule)
    finish(result, settings)


def _of_pairs(detector: SavedDetector, pairs: PairFieldOptions) -> Scorer:
    from dataselect.operations.paraphrase.scorer import PairProbability

    return PairProbability(detector, text1_field=pairs.text1_field, text2_field=pairs.text2_field)


def _of_file(
    detector: SavedDetector, others: Inputs, matching: MatchOptions, text_field: str
) -> Scorer:
    from dataselect.data.fields import Column
    from dataselect.data.sampling import names_at, read_columns
    from dataselect.models.paraphrase_detector.best_match import CANDIDATES
    from dataselect.operations.paraphrase.scorer import BestMatch

    others.keep_for_rereading()
    column = Column.text_of("--against", matching.against_field, text_field)
    [texts] = read_columns(others, [column])
    if not texts:
        raise InputError(f"{matching.against}: no text to compare with; check --against")
    return BestMatch(
        detector,
        texts,
        names_at(others, range(len(texts))),
        candidates=matching.candidates or CANDIDATES,
        text_field=text_field,
    )

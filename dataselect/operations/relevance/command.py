"""`dataselect relevance`: keep the records most like annotated in-domain text."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.ending import calibrated, finish, save
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.option import given, option, text_field_of
from dataselect.command_line.options import (
    InputOptions,
    ModelOptions,
    RunOptions,
    SpeakerOptions,
)
from dataselect.command_line.selection_options import CALIBRATE, SelectionOptions
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.operations.relevance.relevance import Relevance

_FIT, _SCORE = "Fitting", "Scoring"


@dataclass(frozen=True)
class FitOptions:
    """What relevance is learnt from."""

    in_domain: list[str] | None = option(
        "[NAME=]FILE", _FIT, "Annotated in-domain records; again with other names for several sets."
    )
    in_domain_by: str | None = option(
        "FIELD", _FIT, "Split the in-domain records into one set for each value of FIELD."
    )
    in_domain_field: str | None = text_field_of("--in-domain")
    background: str | None = option(
        "FILE", _FIT, "Text that is not in-domain [default: a sample of the input]."
    )
    background_field: str | None = text_field_of("--background")
    ngrams: int = option(
        "N", _FIT, "Longest n-gram [default: 3, as in the paper].", 3, min=1, max=9
    )
    analyzer: Literal["auto", "word", "char"] = option(
        "", _FIT, "N-grams of words, or of characters; auto: as the script has spaces.", "auto"
    )
    lowercase: bool = option("", _FIT, "Ignore case.", True)

    def model(self, seed: int, min_speakers: int | None) -> Relevance:
        from dataselect.operations.relevance.relevance import Relevance

        return Relevance(
            ngrams=self.ngrams,
            analyzer=self.analyzer,
            lowercase=self.lowercase,
            min_speakers=min_speakers,
            seed=seed,
        )


USUAL = (
    "in_domain in_domain_by background min_speakers threshold top_k share per calibrate model "
    "save_model output report jobs"
)
EXAMPLES = r"""
dataselect relevance --in-domain annotated.jsonl --share 6% -o relevant.jsonl pool.jsonl.gz
dataselect relevance --in-domain annotated.jsonl --calibrate 0.9 --report run.json \
    -o near.jsonl pool.jsonl.gz
"""


def command(
    inputs: InputOptions,
    fitting: FitOptions,
    speaking: SpeakerOptions,
    selection: SelectionOptions,
    run: RunOptions,
    fitted: ModelOptions,
    engine: EngineOptions,
    explain: int = option(
        "K",
        _SCORE,
        "Add 'relevance_ngrams': the K n-grams that spoke most for and against.",
        0,
        min=0,
    ),
    calibrate: float | None = CALIBRATE,
) -> None:
    """Keep the records most like annotated in-domain text.

    Adds 'relevance': the probability that the text is in-domain rather than background, were
    both equally frequent, by a logistic regression on hashed n-grams. With several in-domain
    sets, 'relevance_for' names the best one. With --min-speakers, n-grams have a weight only if so
    many speakers of in-domain records and background said them.
    """
    from dataselect.data.fields import Column
    from dataselect.data.input_files import Inputs
    from dataselect.operations.relevance.relevance import Relevance
    from dataselect.operations.relevance.training_files import TrainingFiles

    settings, rule = run.build(), selection.build(calibrate=calibrate)
    if fitted.model is None and not fitting.in_domain:
        raise OptionError("give --in-domain FILE to learn from, or a saved --model FILE")
    fitted.check(settings, [*given(fitting), *given(speaking)])
    sources = TrainingFiles.open(
        fitting.in_domain or [],
        fitting.in_domain_by,
        fitting.background,
        in_domain_text=Column.text_of("--in-domain", fitting.in_domain_field, settings.text_field),
        background_text=Column.text_of(
            "--background", fitting.background_field, settings.text_field
        ),
        speaker=speaking.column(),
    )
    if fitted.fit_only and fitting.background:  # then nobody reads the pool
        pool = Inputs([os.devnull])
    else:
        pool = engine.open(inputs, run, rule, settings)
    read = [*sources.inputs(), *fitted.reads(), *selection.reads()]
    with engine.job(pool, settings, also_read=read, only_fits=fitted.fit_only) as job:
        job.open_file(fitted.save_model)
        if fitted.model is not None:
            model = Relevance.load(fitted.model)
        else:
            unfitted = fitting.model(settings.seed, speaking.min_speakers)
            model = sources.fit(unfitted, pool, settings)
        scorer = model.record_scorer(text_field=settings.text_field, explain=explain)
        if save(fitted, scorer, job):
            return
        if fitted.model is None and fitting.background is None:
            job.learnt_from = sum(model.figures_["in_domain"].values())
        result = job.apply(scorer, calibrated(rule, model.held_out_, model.direction, job))
    finish(result, settings)

"""`dataselect winnow`: keep the records that an in-domain language model finds probable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.command_line.ending import calibrated, finish
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.language_model_options import LanguageModelOptions
from dataselect.command_line.normalization_options import NormalizationOptions
from dataselect.command_line.option import option, text_field_of
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import CALIBRATE, SelectionOptions
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs

_SCORE = "Scoring"
_TIMES_THE_INPUT = 10.0  # the text of a good language model may well be larger than a pool


@dataclass(frozen=True)
class WinnowOptions:
    """How texts are scored by the language model."""

    relevance: bool = option(
        "",
        _SCORE,
        "Rank by relevance and perplexity together: the best way to find text for a language "
        "model. Relevance is learnt here, from --in-domain against --background, text in FILE "
        "or [default] a sample of the input.",
        False,
    )
    background: str | None = option(
        "auto|FILE",
        _SCORE,
        "Rank by cross-entropy difference to a model of text that is not in-domain: one "
        "in FILE, one trained on the text in FILE, or (auto) on a sample of the input as large "
        "as --in-domain. All are over the in-domain vocabulary where they are trained here.",
    )
    background_field: str | None = text_field_of("--background")
    max_perplexity: float | None = option("X", _SCORE, "Drop texts of higher perplexity.")
    min_perplexity: float | None = option(
        "X", _SCORE, "Drop texts of lower perplexity: stock phrases, boilerplate."
    )
    buckets: str | None = option(
        "P,P...",
        _SCORE,
        "Add 'bucket': with 30,60 the best 30 % get 1, the next 30 % 2, the rest 3.",
    )

    def percentages(self) -> tuple[float, ...]:
        """Where buckets end. Raises OptionError."""
        if self.buckets is None:
            return ()
        try:
            return tuple(float(each) for each in self.buckets.split(","))
        except ValueError:
            raise OptionError(
                f"--buckets {self.buckets} are not percentages between commas; write 30,60"
            ) from None

    def reads(self) -> list[Inputs]:
        """The background, if it is a file."""
        from dataselect.data.formats.record_files import RecordFiles
        from dataselect.operations.winnow.background import AUTO

        return [] if self.background in (None, AUTO) else [RecordFiles([self.background])]


USUAL = (
    "lm in_domain relevance background max_perplexity min_perplexity lowercase threshold top_k "
    "share auto calibrate output report"
)
EXAMPLES = r"""
dataselect winnow --relevance --in-domain annotated.jsonl --auto dev.jsonl -o winnowed.jsonl \
    pool.jsonl.gz
dataselect winnow --in-domain annotated.jsonl --share 10% -o probable.jsonl pool.jsonl.gz
"""


def command(
    inputs: InputOptions,
    models: LanguageModelOptions,
    winnowing: WinnowOptions,
    normalizing: NormalizationOptions,
    selection: SelectionOptions,
    run: RunOptions,
    engine: EngineOptions,
    calibrate: float | None = CALIBRATE,
) -> None:
    """Keep the records that an in-domain language model finds probable.

    Adds 'perplexity', per word with the sentence end counted as one, and 'oov', the number of
    words that the model does not know. With --background adds 'cross_entropy_difference', in bits a
    word, and ranks by that. Low is good. With --relevance adds 'in_domain_score', of which high is
    good, and ranks by that.
    """
    import numpy as np

    from dataselect.console import Steps
    from dataselect.data.fields import Column
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.operations.winnow.background import AUTO, read_background
    from dataselect.operations.winnow.winnow import Winnow

    settings = run.build()
    rule = selection.build(calibrate=calibrate, buckets=winnowing.percentages())
    learns = calibrate is not None or winnowing.relevance or winnowing.background == AUTO
    if models.in_domain is None and learns:
        raise OptionError(
            "--calibrate, --relevance and --background auto need in-domain text: give --in-domain"
        )
    pool = engine.open(inputs, run, rule, settings)
    read = [*models.reads(), *winnowing.reads(), *selection.reads()]
    with engine.job(pool, settings, also_read=read) as job:
        rng = np.random.default_rng(settings.seed)
        texts = models.texts(settings.text_field)
        background = read_background(
            winnowing.background,
            Column.text_of("--background", winnowing.background_field, settings.text_field),
            texts,
            pool,
            normalizing.build(),
            settings,
            rng,
            relevance=winnowing.relevance,
        )
        winnow = Winnow(
            None if models.lm is None else LanguageModel(models.lm, normalizing.build()),
            background,
            relevance=winnowing.relevance and background is not None,
            order=models.order,
            seed=settings.seed,
            **vars(normalizing),
        )
        with Steps(quiet=settings.quiet) as report:
            calibrates = calibrate is not None
            held_out = winnow.held_out(texts, rng, report) if calibrates else np.empty(0)
            winnow.fit(texts, report)
        with winnow:
            scorer = winnow.record_scorer(
                text_field=settings.text_field,
                min_perplexity=winnowing.min_perplexity,
                max_perplexity=winnowing.max_perplexity,
            )
            job.learnt_from, job.plausible_times = len(texts), _TIMES_THE_INPUT
            result = job.apply(scorer, calibrated(rule, held_out, scorer.direction, job))
    finish(result, settings)

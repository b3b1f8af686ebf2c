"""`dataselect rescore`: pick the best hypothesis of each n-best list."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from dataselect.command_line.ending import finish, note
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.language_model_options import LanguageModelOptions
from dataselect.command_line.normalization_options import HypothesisOptions
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.errors import OptionError
from dataselect.operations.rescore.options import (
    ListOptions,
    TuneOptions,
    WeightOptions,
    text_metric,
)

if TYPE_CHECKING:
    import numpy as np

    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.models.normalization import Normalization
    from dataselect.operations.rescore.log_linear import LogLinear
    from dataselect.operations.rescore.scorer import RescoreScorer

_UNADAPTED = (
    "the model of --lm weighs 0.3, what helps a translator; for a recogniser give its text with "
    "--in-domain instead, or --tune or --lm-weight (dataselect help rescore)"
)

USUAL = (
    "lm in_domain tune metric save_weights load_weights lm_weight score_weight feature "
    "evaluate output report"
)
EXAMPLES = r"""
dataselect rescore --in-domain indomain.de.jsonl --evaluate wer -o best.jsonl nbest.jsonl
dataselect rescore --in-domain indomain.de.jsonl --tune nbest.dev.jsonl --metric wer \
    -o tuned.jsonl nbest.jsonl
"""


def command(
    inputs: InputOptions,
    models: LanguageModelOptions,
    weighting: WeightOptions,
    tuning: TuneOptions,
    normalizing: HypothesisOptions,
    lists: ListOptions,
    selection: SelectionOptions,
    run: RunOptions,
    engine: EngineOptions,
) -> None:
    """Pick the best hypothesis of each n-best list.

    Its text becomes 'text', and 'rescored' tells its rank before, its weighted sum and features,
    and the perplexity that records are selected by. Of equal hypotheses the earlier wins.
    """
    import numpy as np

    from dataselect.operations.rescore.rescoring_evaluation import evaluated, table
    from dataselect.operations.rescore.scorer import RescoreScorer

    settings, rule = run.build(), selection.build()
    pool = engine.open(inputs, run, rule, settings)
    read = [*models.reads(), *tuning.reads(), *selection.reads()]
    with engine.job(pool, settings, also_read=read) as job, ExitStack() as stack:
        job.open_file(tuning.save_weights)
        start, made_for = _start(weighting, tuning, normalizing, lists, settings)
        development = tuning.development(start, lists)
        metrics = [text_metric(name, start) for name in lists.evaluate or ()]
        if metrics:
            pool.keep_for_rereading()
        in_domain = _normalized(models.texts(settings.text_field), start.normalization)
        lm, figures = _language_model(models, in_domain, settings, stack)
        if made_for not in (None, lm.digest):
            figures["warnings"].append("the weights were made for another language model")
        scorer = RescoreScorer(
            lm,
            start,
            nbest_path=lists.nbest_field,
            reference_path=lists.reference_field if lists.evaluate else None,
            text_field=settings.text_field,
            keep_nbest=lists.keep_nbest,
            figures=figures,
        )
        if development is not None:
            scorer.tune(*development, np.random.default_rng(settings.seed))
        elif in_domain and not weighting.are_given and tuning.load_weights is None:
            rng = np.random.default_rng(settings.seed)
            scorer.adapt(_firsts(scorer, pool, settings, rng), in_domain, models.order, rng)
        if tuning.save_weights is not None:
            job.write_file(tuning.save_weights, scorer.dumps())
        found = evaluated(scorer, pool, metrics, settings.seed)
        figures["evaluation"] = [each.as_json() for each in found]
        figures["warnings"] += [said for each in found for said in each.warnings()]
        result = job.apply(scorer, rule)
    for each in found:
        note(*table(each).splitlines(), quiet=settings.quiet)
    finish(result, settings)
    given = weighting.are_given or tuning.load_weights is not None or development is not None
    if models.lm is not None and not given:
        note(_UNADAPTED, quiet=settings.quiet)


def _start(
    weighting: WeightOptions,
    tuning: TuneOptions,
    normalizing: HypothesisOptions,
    lists: ListOptions,
    settings: Settings,
) -> tuple[LogLinear, str | None]:
    """The model, or where its tuning starts, and the language model that its weights are for.

    Raises OptionError, and InputError for a file that holds no weights.
    """
    from dataselect.operations.rescore.log_linear import load

    lists.check()
    tuning.check()
    if "." in settings.text_field:
        raise OptionError(
            f"--text-field {settings.text_field} is inside another field, which is left as it is; "
            "name a field of the record itself"
        )
    if tuning.load_weights is None:
        return weighting.build(normalizing.build(), tunes=tuning.tune is not None), None
    if (weighting, normalizing) != (WeightOptions(), HypothesisOptions()):
        raise OptionError(
            "--load-weights has weights and normalisation; leave other options for it out"
        )
    return load(tuning.load_weights)


def _normalized(texts: list[str], normalization: Normalization) -> list[str]:
    """In-domain text as hypotheses are normalised."""
    return list(filter(str.strip, normalization.each(texts)))


def _firsts(
    scorer: RescoreScorer, pool: Inputs, settings: Settings, rng: np.random.Generator
) -> list[str]:
    """The first hypotheses of a sample of the lists. Raises InputError."""
    from dataselect.data.sampling import sample_columns
    from dataselect.execution.run import FAIL
    from dataselect.operations.rescore.default_weight import SAMPLE

    pool.keep_for_rereading()
    strict = settings.on_error == FAIL
    [lists] = sample_columns(pool, [scorer.nbest.column], SAMPLE, rng, strict=strict)
    return [each.texts[0] for each in lists]


def _language_model(
    models: LanguageModelOptions, in_domain: list[str], settings: Settings, stack: ExitStack
) -> tuple[LanguageModel, dict[str, Any]]:
    """A given model, or one of in-domain text.

    With what a report tells of training; what is trained is there until the stack is closed.
    """
    from dataselect.console import Steps
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.models.language_model.trained_model import KneserNey, training_figures

    if models.lm is not None:
        return LanguageModel(models.lm), training_figures(())
    with Steps(quiet=settings.quiet) as report:
        trained = KneserNey(order=models.order).fit(in_domain, report)
    stack.callback(trained.close)
    return trained, training_figures([trained])

"""`dataselect rescore`: pick the best hypothesis of each n-best list."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from dataselect.command_line.ending import finish, note
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.language_model_options import LanguageModelOptions
from dataselect.command_line.normalization_options import HypothesisOptions
from dataselect.command_line.option import option
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.models.metrics import Metric, TextMetric
    from dataselect.models.normalization import Normalization
    from dataselect.operations.rescore.log_linear import LogLinear
    from dataselect.operations.rescore.nbest import NBest

_WEIGHTS, _TUNE, _EVALUATE, _RECORDS = "Weights", "Tuning", "Evaluation", "Records"
_NORMALIZED = ("wer", "cer")
_FEWEST_TO_TUNE = 2  # one to tune on, one to hold out


@dataclass(frozen=True)
class WeightOptions:
    """The weighted sum that ranks the hypotheses of a list."""

    score_weight: float | None = option(
        "X", _WEIGHTS, "Weight of the list's own score [default: 1]."
    )
    lm_weight: float | None = option(
        "X",
        _WEIGHTS,
        "Weight of the language model's natural log-probability [default: if no "
        "weight is given 0.2 per word, features in standard deviations within their list: on "
        "lists of a recogniser and of two translators that gained up to 6 % and lost 0.04 BLEU "
        "at worst]. The papers' rule is --lm-weight 1 --score-weight 0.",
    )
    length_weight: float | None = option(
        "X", _WEIGHTS, "Weight of the number of words [default: 0]."
    )
    oov_weight: float | None = option(
        "X", _WEIGHTS, "Weight of the number of words that the model does not know [default: 0]."
    )
    feature: list[str] | None = option(
        "NAME=X",
        _WEIGHTS,
        "Weight of a number of each hypothesis, by its name there, in its 'features', "
        "or by dots; may be given again. With --tune the weight may be left out.",
    )
    length_normalise: bool | None = option(
        "", _WEIGHTS, "Divide the log-probability by words + 1 [default: if no weight is given]."
    )
    score_name: str = option(
        "NAME", _WEIGHTS, "What the list's own score is called [default: score].", "score"
    )

    def build(self, normalization: Normalization, *, tunes: bool) -> LogLinear:
        """The model, or where its tuning starts. Raises OptionError."""
        from dataselect.operations.rescore.log_linear import LM, OOV, SCORE, WORDS, LogLinear, sound

        given = (self.score_weight, self.lm_weight, self.length_weight, self.oov_weight)
        if not tunes and not self.feature and given == (None,) * len(given):
            model = LogLinear.by_default(normalization, self.score_name)
            return replace(model, length_normalised=self.length_normalise is not False)
        if self.lm_weight is None and not tunes:
            raise OptionError("the other weights are beside that of the model: give --lm-weight")
        weights = {
            SCORE: 1.0 if self.score_weight is None else self.score_weight,
            LM: self.lm_weight or 0.0,
            WORDS: self.length_weight or 0.0,
            OOV: self.oov_weight or 0.0,
            **dict(_feature(each, needs_weight=not tunes) for each in self.feature or ()),
        }
        if tunes and not any(weights.values()):
            weights[LM] = 1.0  # a place to start, where no score is to be read
        if not any(weights.values()) or not sound(weights.values()):
            raise OptionError("weights are numbers of up to a million, and not all of them 0")
        return LogLinear(
            weights,
            length_normalised=bool(self.length_normalise),
            normalization=normalization,
            score_name=self.score_name,
        )


def _feature(given: str, *, needs_weight: bool) -> tuple[str, float]:
    """Name and weight of `NAME=X`. Raises OptionError."""
    from dataselect.operations.rescore.log_linear import OWN
    from dataselect.operations.rescore.scorer import TOLD

    name, equals, weight = given.rpartition("=")
    if not equals and not needs_weight:
        name, weight = given, "0"
    if name in (*OWN, *TOLD):
        raise OptionError(f"--feature {name} has an option of its own; or write features.{name}")
    try:
        if name:
            return name, float(weight)
    except ValueError:
        pass
    raise OptionError(f"--feature {given} is not a name and its weight; write NAME=0.5")


@dataclass(frozen=True)
class TuneOptions:
    """Where weights come from, if not from options."""

    tune: str | None = option(
        "DEV",
        _TUNE,
        "Find the weights that maximise the expected metric of these lists, which have references.",
    )
    metric: Literal["wer", "cer", "bleu", "chrf"] | None = option("", _TUNE, "What to tune for.")
    load_weights: str | None = option("FILE", _TUNE, "Take saved weights.")
    save_weights: str | None = option(
        "FILE", _TUNE, "Write the weights here, with normalisation and figures."
    )

    def check(self) -> None:
        """Raise OptionError for options that contradict each other."""
        if (self.tune is None) != (self.metric is None):
            raise OptionError("--tune DEV and --metric belong together; give both or neither")
        if self.load_weights is not None and (self.tune or self.save_weights):
            raise OptionError("--tune and --save-weights make weights, and --load-weights are made")

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles
        from dataselect.data.input_files import Inputs

        tune = [] if self.tune is None else [RecordFiles([self.tune])]
        return [*tune, *([] if self.load_weights is None else [Inputs([self.load_weights])])]

    def development(
        self, start: LogLinear, lists: ListOptions
    ) -> tuple[list[NBest], list[str], Metric] | None:
        """Lists to tune on with their references, and for what. Raises InputError."""
        from dataselect.data.formats.record_files import RecordFiles
        from dataselect.data.sampling import read_columns
        from dataselect.operations.rescore.scorer import list_columns

        if self.tune is None or self.metric is None:
            return None
        columns = list_columns(start.nbest_field(lists.nbest_field), lists.reference_field)
        values, references = read_columns(RecordFiles([self.tune]), columns)
        if len(values) < _FEWEST_TO_TUNE:
            raise InputError(f"{self.tune}: tuning takes {_FEWEST_TO_TUNE} lists or more; add some")
        return values, references, _metric(self.metric, start)


@dataclass(frozen=True)
class ListOptions:
    """Where lists and references are, and what is told of them."""

    nbest_field: str = option("FIELD", _RECORDS, "Where the list is [default: nbest].", "nbest")
    reference_field: str = option(
        "FIELD",
        _RECORDS,
        "Where the reference is, for --tune and --evaluate [default: ref].",
        "ref",
    )
    keep_nbest: bool = option("", _RECORDS, "Leave the list in the record.", False)
    evaluate: list[str] | None = option(
        "wer|cer|bleu|chrf|ter",
        _EVALUATE,
        "Compare rescored with first-best, oracle and random on standard error and in "
        "--report; every record then needs a reference, and all lists are held in memory. "
        "May be given again.",
    )

    def check(self) -> None:
        """Raise OptionError for what cannot be done."""
        if "." in self.nbest_field and not self.keep_nbest:
            raise OptionError(
                f"--nbest-field {self.nbest_field} is inside another field, which is left as it "
                "is; add --keep-nbest"
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
        metrics = [_metric(name, start) for name in lists.evaluate or ()]
        if metrics:
            pool.keep_for_rereading()
        lm, figures = _language_model(models, start.normalization, settings, stack)
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
        if tuning.save_weights is not None:
            job.write_file(tuning.save_weights, scorer.dumps())
        found = evaluated(scorer, pool, metrics, settings.seed)
        figures["evaluation"] = [each.as_json() for each in found]
        figures["warnings"] += [said for each in found for said in each.warnings()]
        result = job.apply(scorer, rule)
    for each in found:
        note(*table(each).splitlines(), quiet=settings.quiet)
    finish(result, settings)


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


def _language_model(
    models: LanguageModelOptions, normalization: Normalization, settings: Settings, stack: ExitStack
) -> tuple[LanguageModel, dict[str, Any]]:
    """A given model, or one of in-domain text that is normalised as hypotheses are.

    With what a report tells of training; what is trained is there until the stack is closed.
    """
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.models.language_model.trained_model import KneserNey, training_figures

    in_domain = models.texts(settings.text_field)
    if models.lm is not None:
        return LanguageModel(models.lm), training_figures(())
    normalized = filter(str.strip, map(normalization, in_domain))
    trained = KneserNey(order=models.order).fit(list(normalized))
    stack.callback(trained.close)
    return trained, training_figures([trained])


def _metric(name: str, model: LogLinear) -> TextMetric:
    """A metric of texts; error rates are of normalised ones. Raises OptionError."""
    from dataselect.models.metrics import metric

    return metric(name, model.normalization if name in _NORMALIZED else None)

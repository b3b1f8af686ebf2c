"""The options of `dataselect rescore`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.option import option
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
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
        "Weight of the language model's natural log-probability [default: if no weight is given, "
        "0.3 to 2 per word, features in standard deviations within their list: the more, the more "
        "the first hypotheses surprise a model of --in-domain; with --lm 0.3]. The papers' rule is "
        "--lm-weight 1 --score-weight 0.",
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

    @property
    def are_given(self) -> bool:
        """Whether there is a weight."""
        given = (self.score_weight, self.lm_weight, self.length_weight, self.oov_weight)
        return bool(self.feature) or any(each is not None for each in given)

    def build(self, normalization: Normalization, *, tunes: bool) -> LogLinear:
        """The model, or where its tuning starts. Raises OptionError."""
        from dataselect.operations.rescore.log_linear import LM, OOV, SCORE, WORDS, LogLinear, sound

        if not tunes and not self.are_given:
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
        return values, references, text_metric(self.metric, start)


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


def text_metric(name: str, model: LogLinear) -> TextMetric:
    """A metric of texts; error rates are of normalised ones. Raises OptionError."""
    from dataselect.models.metrics import metric

    return metric(name, model.normalization if name in _NORMALIZED else None)

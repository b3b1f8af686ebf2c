"""Options of `evaluate`: what is measured, and where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.normalization_options import SECTION, NamedNormalizationOptions
from dataselect.command_line.option import option
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.data.fields import Column
    from dataselect.models.metrics import TextMetric

_MEASURE, _RECORDS = "Measuring", "Records"
_NORMALIZED = ("wer", "cer")
INTENT_METRIC, SLOT_METRIC, EXACT_METRIC = "intent", "slots", "exact"
LABEL_METRICS = (INTENT_METRIC, SLOT_METRIC, EXACT_METRIC)
"""What is measured of labels: the names in `metric_values`."""


@dataclass(frozen=True)
class MeasureOptions:
    """What is measured, and against what."""

    metric: list[str] | None = option(
        "wer|cer|bleu|chrf|ter|intent|slots|exact",
        _MEASURE,
        "What to measure; again for several. intent is accuracy and macro F1, slots F1 of exact "
        "spans, exact the share of records with the intent and every slot right.",
        short="-m",
    )
    intent_classifier: str | None = option(
        "MODEL",
        _MEASURE,
        "Judge the intents, and the slots, that this model of 'label --save-model' gives to the "
        "texts; the true ones are those of --intent-reference-field and --slots-reference-field, "
        "or else of --intent-field and --slots-field. Where the model knows 'other', that is right "
        "for intents it does not know.",
    )
    against: str | None = option(
        "FILE",
        _MEASURE,
        "Compare with the hypotheses of this file, same records in the same order, by "
        "paired bootstrap.",
    )
    against_field: str | None = option(
        "FIELD", _RECORDS, "Where --against has its hypotheses [default: as --text-field]."
    )
    id_field: str | None = option(
        "FIELD", _MEASURE, "Pair with --against by this field instead of by position."
    )
    samples: int = option(
        "N",
        _MEASURE,
        "Bootstrap samples for intervals and p-values [default: 1000; between seeds, a "
        "bound then varies by 2 % of its interval].",
        1000,
        min=1,
        max=1_000_000,
    )
    seed: int = option("N", _MEASURE, "Seed of the bootstrap [default: 0].", 0, min=0)
    tokenize: Literal["13a", "intl", "char", "zh", "none"] = option(
        "", _MEASURE, "How BLEU cuts words, as in sacrebleu.", "13a"
    )
    references: str | None = option(
        "FILE",
        _MEASURE,
        "References in a file of their own, of any format: joined by id, words with times (CTM) to "
        "the segments of STM by time, else by position.",
    )
    per_record: str | None = option(
        "FILE",
        _MEASURE,
        "Write the records with a field 'evaluate': value and counts by each metric, which sum up "
        "to those of all.",
    )
    group: list[str] | None = option(
        "FIELD",
        _MEASURE,
        "Measure each value of FIELD by itself, too, and name the worst; again for several fields.",
    )
    weak_clusters: bool = option(
        "",
        _MEASURE,
        "Look for groups that nobody named: clusters of texts that are measured worse than chance "
        "allows.",
        False,
    )
    worst: int = option(
        "N", _MEASURE, "Show the words of the N records of highest WER, aligned.", 0, min=0
    )
    format_: Literal["table", "json"] = option("", _MEASURE, "What is written.", "table")


@dataclass(frozen=True)
class ComparisonOptions(NamedNormalizationOptions):
    """What is done to texts before they are compared, for wer and cer unless for all."""

    normalise_all: bool = option(
        "", SECTION, "Normalise for bleu, chrf and ter, too, instead of wer and cer only.", False
    )


@dataclass(frozen=True)
class FieldOptions:
    """Where references, intents and slots are."""

    reference_field: str = option(
        "FIELD", _RECORDS, "Where the reference text is [default: ref].", "ref"
    )
    intent_field: str = option(
        "FIELD", _RECORDS, "Where the intent to be judged is [default: intent].", "intent"
    )
    intent_reference_field: str = option(
        "FIELD", _RECORDS, "Where the true intent is [default: ref_intent].", "ref_intent"
    )

    references_field: str | None = option(
        "FIELD", _RECORDS, "Where --references has its texts [default: as --text-field]."
    )
    slots_field: str = option(
        "FIELD", _RECORDS, "Where the slots to be judged are [default: slots].", "slots"
    )
    slots_reference_field: str = option(
        "FIELD", _RECORDS, "Where the true slots are [default: ref_slots].", "ref_slots"
    )

    def texts(self, text_field: str) -> dict[str, Column]:
        """What is read to measure texts."""
        from dataselect.analysis.evaluate.hypothesis_pairs import HYPOTHESIS, REFERENCE
        from dataselect.data.fields import Column

        return {
            HYPOTHESIS: Column.hypothesis(text_field),
            REFERENCE: Column.reference(self.reference_field),
        }

    def intents(self, text_field: str, *, classifies: bool) -> dict[str, Column]:
        """What is read to measure intents that are there, or that an intent classifier gives."""
        from dataselect.analysis.evaluate.hypothesis_pairs import (
            INTENT,
            INTENT_REFERENCE,
            true_label,
        )
        from dataselect.analysis.evaluate.predicted_labels import tested_columns
        from dataselect.data.fields import Column

        given, true = self.intent_field, self.intent_reference_field
        if classifies:
            return tested_columns(Column.text(text_field), given, true)
        return {
            INTENT: Column.group(given, "--intent-field"),
            INTENT_REFERENCE: true_label(true, _TRUE_INTENT),
        }

    def slots(self, text_field: str, *, tags: bool) -> dict[str, Column]:
        """What is read to measure slots that are there, or that a slot tagger gives."""
        from dataselect.analysis.evaluate.hypothesis_pairs import SLOTS, SLOTS_REFERENCE, spans
        from dataselect.analysis.evaluate.predicted_labels import tagged_columns
        from dataselect.data.fields import Column

        if tags:
            own, true = self.slots_field, self.slots_reference_field
            return tagged_columns(Column.text(text_field), own, true)
        return {
            SLOTS: spans(self.slots_field, "--slots-field"),
            SLOTS_REFERENCE: spans(self.slots_reference_field, "--slots-reference-field"),
        }


_TRUE_INTENT = "--intent-reference-field, or judge a model with --intent-classifier"


def asked_metrics(
    measuring: MeasureOptions, normalizing: ComparisonOptions
) -> tuple[list[TextMetric], list[str]]:
    """The metrics of texts, and the names of those of labels. Raises OptionError."""
    from dataselect.models.metrics import METRICS, metric
    from dataselect.models.metrics.error_rate import Wer
    from dataselect.models.normalization import Normalization

    names = list(dict.fromkeys(measuring.metric or ()))
    known = (*METRICS, *LABEL_METRICS)
    if not names:
        raise OptionError(f"say what to measure with --metric: {', '.join(known)}")
    for name in names:
        if name not in known:
            raise OptionError(f"'{name}' is not a metric; choose from {', '.join(known)}")
    if measuring.id_field is not None and measuring.against is None:
        raise OptionError("--id-field pairs records with those of --against; give both")
    if measuring.against_field is not None and measuring.against is None:
        raise OptionError("--against-field is of the file of --against; give it too")
    if measuring.intent_classifier is not None and not set(LABEL_METRICS) & set(names):
        raise OptionError("--intent-classifier gives intents and slots; ask for --metric intent")
    if measuring.references is not None and (measuring.against or set(names) - set(METRICS)):
        raise OptionError(
            "--references has the texts of one system; leave out --against and metrics of labels"
        )
    if measuring.worst and Wer.name not in names:
        raise OptionError("--worst shows the records of highest WER; ask for --metric wer")
    if measuring.intent_classifier is not None and measuring.against is not None:
        raise OptionError(
            "--against compares intents that are written down; write those of the "
            "intent classifier with 'label --keep-other', or leave it out"
        )
    if measuring.tokenize != "13a" and "bleu" not in names:
        raise OptionError("--tokenize is for --metric bleu; leave it out")
    normalization, plain = normalizing.build(), Normalization()
    normalized = {name for name in names if name in _NORMALIZED or normalizing.normalise_all}
    if normalization != plain and not normalized - set(LABEL_METRICS):
        raise OptionError(
            f"normalisation is for {' and '.join(_NORMALIZED)}; leave it out, or ask for it "
            "with --normalise-all"
        )
    metrics = [
        metric(name, normalization if name in normalized else plain, tokenize=measuring.tokenize)
        for name in names
        if name in METRICS
    ]
    return metrics, [name for name in names if name in LABEL_METRICS]

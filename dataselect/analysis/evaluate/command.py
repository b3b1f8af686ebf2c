"""`dataselect evaluate`: measure hypotheses against references."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from dataselect.analysis.evaluate.hypothesis_pairs import (
    HYPOTHESIS,
    ID,
    INTENT,
    INTENT_REFERENCE,
    REFERENCE,
    SLOTS,
    SLOTS_REFERENCE,
    join,
    read,
    spans,
    true_label,
)
from dataselect.analysis.evaluate.metric_values import LABEL_METRICS, evaluate
from dataselect.analysis.evaluate.predicted_intents import classified, tested_columns
from dataselect.analysis.evaluate.record_values import with_figures, worst
from dataselect.analysis.evaluate.references import place_columns, referenced
from dataselect.analysis.evaluate.table import table
from dataselect.command_line.encoder_options import NeuralOptions
from dataselect.command_line.ending import note
from dataselect.command_line.normalization_options import SECTION, NamedNormalizationOptions
from dataselect.command_line.options import InputOptions, OutputOptions, option
from dataselect.console import printable
from dataselect.data import records
from dataselect.data.formats import FORMATS, Layout, suffix_of
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.input_files import Inputs
from dataselect.errors import OptionError
from dataselect.execution.run import Run
from dataselect.models.normalization import Normalization
from dataselect.operations.label.options import open_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dataselect.data.formats.lines import Item
    from dataselect.data.records import Column
    from dataselect.models.intent_classifier.intent_classifier import IntentClassifier
    from dataselect.models.metrics import TextMetric

_MEASURE, _RECORDS = "Measuring", "Records"
_INTENT, _SLOTS, _EXACT = LABEL_METRICS
_NORMALIZED = ("wer", "cer")


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
        "Judge the intents that this model of 'label --save-model' gives to the texts; "
        "the true ones are those of --intent-reference-field, or else of --intent-field. "
        "Where the model knows 'other', that is right for intents it does not know.",
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
    )
    seed: int = option("N", _MEASURE, "Seed of the bootstrap [default: 0].", 0)
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
        return {
            HYPOTHESIS: records.hypothesis(text_field),
            REFERENCE: records.reference(self.reference_field),
        }

    def intents(self, text_field: str, *, classifies: bool) -> dict[str, Column]:
        """What is read to measure intents that are there, or that an intent classifier gives."""
        given, true = self.intent_field, self.intent_reference_field
        if classifies:
            return tested_columns(records.text(text_field), given, true)
        return {
            INTENT: records.group(given, "--intent-field"),
            INTENT_REFERENCE: true_label(true, "--intent-reference-field"),
        }

    def slots(self) -> dict[str, Column]:
        """What is read to measure slots."""
        return {
            SLOTS: spans(self.slots_field, "--slots-field"),
            SLOTS_REFERENCE: spans(self.slots_reference_field, "--slots-reference-field"),
        }


USUAL = (
    "metric intent_classifier against id_field reference_field intent_field lowercase "
    "remove_punctuation samples format output report"
)
EXAMPLES = r"""
dataselect evaluate --metric wer --metric cer best.jsonl
dataselect evaluate --metric intent --intent-classifier intents.model test.jsonl
"""


def command(
    inputs: InputOptions,
    measuring: MeasureOptions,
    normalizing: ComparisonOptions,
    fields: FieldOptions,
    output: OutputOptions,
) -> None:
    """Measure hypotheses against references.

    Word and character error rate, BLEU, chrF and TER of texts, accuracy and macro F1 of
    intents, F1 of slots and exact matches, in percent points, with bootstrap intervals and
    the signature of each metric. With --against, the difference from a second file and its
    p-value.
    """
    settings = replace(output.build(), seed=measuring.seed)
    metrics, labels = _asked(measuring, normalizing)
    classifier = (
        None if measuring.intent_classifier is None else _loaded(measuring.intent_classifier)
    )
    columns = {
        **(fields.texts(settings.text_field) if metrics else {}),
        **(
            fields.intents(settings.text_field, classifies=bool(classifier))
            if {_INTENT, _EXACT} & set(labels)
            else {}
        ),
        **(fields.slots() if {_SLOTS, _EXACT} & set(labels) else {}),
        **({} if measuring.id_field is None else _id_column(measuring.id_field)),
    }
    system = inputs.open(
        digest=settings.report is not None, text_field=settings.text_field, blank_lines=True
    )
    baseline = None if measuring.against is None else RecordFiles([measuring.against])
    truth = None if measuring.references is None else _references(measuring.references, inputs)
    others: list[Inputs] = [each for each in (baseline, truth) if each is not None]
    if measuring.intent_classifier is not None:
        others.append(Inputs([measuring.intent_classifier]))
    with Run(system, settings, also_read=others) as run:
        if measuring.per_record is not None:
            run.open_records_file(measuring.per_record)
        items = (
            read(system, columns)
            if truth is None
            else _with_references(system, columns, truth, fields.references_field)
        )
        of_baseline = {**columns, **_baseline_text(measuring, metrics)}
        against = None if baseline is None else read(baseline, of_baseline)
        joined = join(items, against, use_ids=ID in columns)
        pairs = list(run.good(joined, "evaluate"))
        if classifier is not None:
            pairs = classified(pairs, classifier)
        found = evaluate(
            pairs,
            metrics,
            labels=labels,
            samples=measuring.samples,
            seed=measuring.seed,
            left_out=run.counts.errors,
        )
        found = replace(found, worst=worst(pairs, found.measures, measuring.worst))
        if measuring.per_record is not None:
            run.write_records_file(measuring.per_record, with_figures(pairs, found.measures))
        shown = (
            printable(table(found)).encode()
            if measuring.format_ == "table"
            else records.encoded(found.as_json(), indent=True) + b"\n"
        )
        facts = {"metric": "+".join(measuring.metric or ()), "samples": measuring.samples}
        run.write(shown)
        run.report("evaluate", facts, evaluate=found.as_json())
    note(f"evaluated {found.records:,} of {run.counts.read:,} records", quiet=settings.quiet)


def _id_column(path: str) -> dict[str, Column]:
    return {ID: records.group(path, "--id-field")}


def _references(path: str, inputs: InputOptions) -> RecordFiles:
    """The file of `--references`, in the format of `--from` where its suffix tells none."""
    told = any(suffix_of(path) in each.suffixes for each in FORMATS.values())
    source = None if told else inputs.source
    return RecordFiles([path], source=source, layout=Layout(blank_lines=True))


def _with_references(
    system: Inputs, columns: dict[str, Column], truth: Inputs, references_field: str | None
) -> Iterator[Item]:
    """The records of the input with the texts of `--references`. Raises InputError."""
    own = {name: column for name, column in columns.items() if name != REFERENCE}
    path = references_field or own[HYPOTHESIS].path
    column = records.hypothesis(path, "--references-field")
    hypotheses = list(read(system, {**place_columns(), **own}))
    return referenced(hypotheses, list(read(truth, {**place_columns(), REFERENCE: column})))


def _baseline_text(measuring: MeasureOptions, metrics: Sequence[TextMetric]) -> dict[str, Column]:
    """Where the file of `--against` has its hypotheses, if not where the input has them."""
    if measuring.against_field is None or not metrics:
        return {}
    return {HYPOTHESIS: records.hypothesis(measuring.against_field, "--against-field")}


def _loaded(path: str) -> IntentClassifier:
    from dataselect.models.intent_classifier.intent_classifier import IntentClassifier

    return IntentClassifier.load(path, open_encoder(NeuralOptions(), path))


def _asked(
    measuring: MeasureOptions, normalizing: ComparisonOptions
) -> tuple[list[TextMetric], list[str]]:
    """The metrics of texts, and the names of those of labels. Raises OptionError."""
    from dataselect.models.metrics import METRICS, metric
    from dataselect.models.metrics.error_rate import Wer

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
    if measuring.intent_classifier is not None and not {_INTENT, _EXACT} & set(names):
        raise OptionError("--intent-classifier gives intents; ask for --metric intent")
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

"""Pick the rows worth training on: JSONL in, JSONL out.

The command line is `dataselect`; the same operations are here for Python:

    from dataselect import Relevance, TopK, select_file

`dir(dataselect)` lists all names, and `help` of each shows an example. What cannot be done raises a
`DataselectError`; nothing is printed.
"""

TYPE_CHECKING = False  # the module typing takes 10 ms, and this runs before signals are dealt with

if TYPE_CHECKING:
    from dataselect.analysis.audit.audit import audit as audit
    from dataselect.analysis.compare.compare import compare as compare
    from dataselect.analysis.compare.selected_texts import TextTable as TextTable
    from dataselect.analysis.explain.explanation import ExplanationSources as ExplanationSources
    from dataselect.analysis.explain.explanation import explain as explain
    from dataselect.data.annotations import Slot as Slot
    from dataselect.data.annotations import Utterance as Utterance
    from dataselect.errors import DataselectError as DataselectError
    from dataselect.execution.scoring_run import Result as Result
    from dataselect.execution.select_file import select_file as select_file
    from dataselect.models.intent_classifier.intent_classifier import (
        IntentClassifier as IntentClassifier,
    )
    from dataselect.models.language_model.scoring.language_model import (
        LanguageModel as LanguageModel,
    )
    from dataselect.models.language_model.trained_model import KneserNey as KneserNey
    from dataselect.models.memorization.canaries import Canary as Canary
    from dataselect.models.paraphrase_detector.detector import Detector as Detector
    from dataselect.models.slot_tagger.slot_tagger import SlotTagger as SlotTagger
    from dataselect.models.translator.translator import Translator as Translator
    from dataselect.models.translator.word_aligner import WordAligner as WordAligner
    from dataselect.operations.bitext.bitext import Bitext as Bitext
    from dataselect.operations.bitext.filters import PairFilters as PairFilters
    from dataselect.operations.bitext.scorer import BitextScorer as BitextScorer
    from dataselect.operations.check.check import Check as Check
    from dataselect.operations.discover.discover import Discover as Discover
    from dataselect.operations.diversity.diversity import Diversity as Diversity
    from dataselect.operations.label.scorer import LabelScorer as LabelScorer
    from dataselect.operations.mask.names.name_finder import NameFinder as NameFinder
    from dataselect.operations.mask.scorer import MaskScorer as MaskScorer
    from dataselect.operations.relevance.relevance import Relevance as Relevance
    from dataselect.operations.rescore.log_linear import LogLinear as LogLinear
    from dataselect.operations.rescore.rescore import Rescore as Rescore
    from dataselect.operations.reselect.scorer import Field as Field
    from dataselect.operations.signals.scorer import SignalScorer as SignalScorer
    from dataselect.operations.translate.scorer import TranslateScorer as TranslateScorer
    from dataselect.operations.values.fill.filling import fill_values as fill_values
    from dataselect.operations.values.slot_values import SlotValues as SlotValues
    from dataselect.operations.winnow.winnow import Winnow as Winnow
    from dataselect.selection.rule import Selection as Selection
    from dataselect.selection.selection_rules import Budget as Budget
    from dataselect.selection.selection_rules import Calibrate as Calibrate
    from dataselect.selection.selection_rules import Sample as Sample
    from dataselect.selection.selection_rules import Share as Share
    from dataselect.selection.selection_rules import Threshold as Threshold
    from dataselect.selection.selection_rules import TopK as TopK

_HOMES = {
    "TextTable": "analysis.compare.selected_texts",
    "Bitext": "operations.bitext.bitext",
    "BitextScorer": "operations.bitext.scorer",
    "Canary": "models.memorization.canaries",
    "Check": "operations.check.check",
    "DataselectError": "errors",
    "Detector": "models.paraphrase_detector.detector",
    "Discover": "operations.discover.discover",
    "Diversity": "operations.diversity.diversity",
    "Field": "operations.reselect.scorer",
    "PairFilters": "operations.bitext.filters",
    "LabelScorer": "operations.label.scorer",
    "KneserNey": "models.language_model.trained_model",
    "LanguageModel": "models.language_model.scoring.language_model",
    "LogLinear": "operations.rescore.log_linear",
    "IntentClassifier": "models.intent_classifier.intent_classifier",
    "MaskScorer": "operations.mask.scorer",
    "NameFinder": "operations.mask.names.name_finder",
    "Relevance": "operations.relevance.relevance",
    "Rescore": "operations.rescore.rescore",
    "Result": "execution.scoring_run",
    "Selection": "selection.rule",
    "SlotTagger": "models.slot_tagger.slot_tagger",
    "SignalScorer": "operations.signals.scorer",
    "ExplanationSources": "analysis.explain.explanation",
    "Slot": "data.annotations",
    "SlotValues": "operations.values.slot_values",
    "Utterance": "data.annotations",
    "TranslateScorer": "operations.translate.scorer",
    "Translator": "models.translator.translator",
    "WordAligner": "models.translator.word_aligner",
    "Winnow": "operations.winnow.winnow",
    **dict.fromkeys(
        ("Budget", "Calibrate", "Sample", "Share", "Threshold", "TopK"), "selection.selection_rules"
    ),
    "select_file": "execution.select_file",
    "fill_values": "operations.values.fill.filling",
    "audit": "analysis.audit.audit",
    "compare": "analysis.compare.compare",
    "explain": "analysis.explain.explanation",
}
__all__ = list(_HOMES)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> object:
    """Import a name from its module when it is first asked for: NumPy takes 100 ms."""
    if name == "__version__":
        from importlib.metadata import version

        return version("dataselect")
    if name not in _HOMES:
        raise AttributeError(f"module 'dataselect' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"dataselect.{_HOMES[name]}"), name)

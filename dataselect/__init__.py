"""Pick the rows worth training on: JSONL in, JSONL out.

The command line is `dataselect`; the same operations are here for Python:

    from dataselect import Inputs, Pipeline, Relevance, Selection, Settings
"""

TYPE_CHECKING = False  # the module typing takes 10 ms, and this runs before signals are dealt with

if TYPE_CHECKING:
    from dataselect.annotations import Utterance as Utterance
    from dataselect.comparison.compare import compare as compare
    from dataselect.comparison.selections import Batch as Batch
    from dataselect.engines.guards import Guards as Guards
    from dataselect.engines.lm.language_model import LanguageModel as LanguageModel
    from dataselect.engines.paraphrase.detector import Detector as Detector
    from dataselect.engines.recogniser.model import Recogniser as Recogniser
    from dataselect.engines.rescoring.log_linear import LogLinear as LogLinear
    from dataselect.errors import DataselectError as DataselectError
    from dataselect.inputs import Inputs as Inputs
    from dataselect.pipeline import Pipeline as Pipeline
    from dataselect.pipeline import Result as Result
    from dataselect.review.explanation.explaining import Sources as Sources
    from dataselect.review.explanation.explaining import explain as explain
    from dataselect.runs import Settings as Settings
    from dataselect.scorers.bitext import Bitext as Bitext
    from dataselect.scorers.bitext import Domain as Domain
    from dataselect.scorers.diversity import Diversity as Diversity
    from dataselect.scorers.field import Field as Field
    from dataselect.scorers.labelling import Labelling as Labelling
    from dataselect.scorers.relevance import Relevance as Relevance
    from dataselect.scorers.rescoring import Rescore as Rescore
    from dataselect.scorers.winnowing import Winnow as Winnow
    from dataselect.selection import Selection as Selection

_HOMES = {
    "Batch": "comparison.selections",
    "Bitext": "scorers.bitext",
    "DataselectError": "errors",
    "Detector": "engines.paraphrase.detector",
    "Diversity": "scorers.diversity",
    "Domain": "scorers.bitext",
    "Field": "scorers.field",
    "Guards": "engines.guards",
    "Inputs": "inputs",
    "Labelling": "scorers.labelling",
    "LanguageModel": "engines.lm.language_model",
    "LogLinear": "engines.rescoring.log_linear",
    "Recogniser": "engines.recogniser.model",
    "Relevance": "scorers.relevance",
    "Rescore": "scorers.rescoring",
    "Pipeline": "pipeline",
    "Result": "pipeline",
    "Selection": "selection",
    "Settings": "runs",
    "Sources": "review.explanation.explaining",
    "Utterance": "annotations",
    "Winnow": "scorers.winnowing",
    "compare": "comparison.compare",
    "explain": "review.explanation.explaining",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Import a name from its module when it is first asked for: NumPy takes 100 ms."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dataselect' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"dataselect.{_HOMES[name]}"), name)

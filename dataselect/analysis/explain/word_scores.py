"""Word by word, how well language models predict a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.data import records
from dataselect.data.input_files import Inputs
from dataselect.data.sampling import read_columns, sample_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.analysis.run_reports import Stage
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.models.normalization import Normalization
    from dataselect.operations.winnow.model import Winnow

END = "</s>"
_AUTO = "auto"
ROLES = ("in-domain", "background")


@dataclass(frozen=True)
class Word:
    """A word of a text, or its END, as a model predicted it from what comes before.

    `order`: the length of the n-gram that did. `unknown`: the model has no such word.
    """

    word: str
    log10: float
    order: int
    unknown: bool

    @property
    def probability(self) -> float:
        """From 0 to 1."""
        return float(10**self.log10)


@dataclass(frozen=True)
class Prediction:
    """A text by one model: `role` is in-domain or background; `words` are in their order."""

    model: str
    role: str
    perplexity: float
    words: list[Word]

    @property
    def surprising(self) -> list[Word]:
        """The words, the least probable first."""
        return sorted(self.words, key=lambda word: word.log10)


@dataclass(frozen=True)
class WordPredictions:
    """A text by the models of a run; `difference` in bits a word, with a background."""

    models: list[Prediction]
    difference: float | None = None


def by_model(path: str, text: str, normalization: Normalization | None) -> WordPredictions:
    """A text by the model in a file. Raises InputError if it is not one."""
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.operations.winnow.model import Winnow

    return _predicted(Winnow(LanguageModel(path, normalization)), text, [path])


def by_stage(stage: Stage, text: str) -> WordPredictions | None:
    """A text by the models of a winnow run, trained again where they were trained then.

    None where their files are not there. Raises InputError for what is no model, or no text.
    """
    found = _sources(stage)
    if found is None:
        return None
    winnow, in_domain, names = found
    with winnow.fit(in_domain):
        return _predicted(winnow, text, names)


def _sources(stage: Stage) -> tuple[Winnow, list[str], list[str]] | None:
    """How the models of a run are made, with in-domain texts, and the models' names."""
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.models.normalization import Normalization
    from dataselect.operations.winnow.model import Winnow

    options = stage.options
    normalization = Normalization(
        options["lowercase"], "remove" if options["remove_punctuation"] else "keep"
    )
    named = options["in_domain"] or [options["lm"]]
    paths = [path for path in map(stage.located, named) if path]
    if len(paths) < len(named):
        return None
    lm, name, in_domain = None, f"a model of {', '.join(named)}", []
    if options["in_domain"]:
        [in_domain] = read_columns(Inputs(paths), [records.text(stage.text_field)])
    else:
        lm, name = LanguageModel(paths[0], normalization), str(options["lm"])
    background, background_name = _background(stage, in_domain, normalization)
    if background is None and options["background"] is not None:
        return None
    winnow = Winnow(
        lm,
        background,
        order=options["order"],
        lowercase=options["lowercase"],
        remove_punctuation=options["remove_punctuation"],
    )
    return winnow, in_domain, [name, background_name]


def _background(
    stage: Stage, in_domain: Sequence[str], normalization: Normalization
) -> tuple[LanguageModel | list[str] | None, str]:
    """The background of a run, or the texts that it was trained on, if they are there; its name."""
    import numpy as np

    from dataselect.models.language_model.scoring.language_model import (
        LanguageModel,
        is_language_model,
    )

    column, named = records.text(stage.text_field), stage.options["background"]
    if named == _AUTO:
        pool = [path for path in map(stage.located, stage.read) if path]
        rng = np.random.default_rng(stage.options["seed"])
        is_there = len(pool) == len(stage.read)
        drawn = sample_like(in_domain, Inputs(pool), column, rng) if is_there else None
        return drawn, "a model of a sample of the input"
    path = stage.located(named)
    if path is None:
        return None, ""
    if is_language_model(Inputs([path])):
        return LanguageModel(path, normalization), named
    [texts] = read_columns(Inputs([path]), [column])
    return texts, f"a model of {named}"


def _predicted(winnow: Winnow, text: str, names: Sequence[str]) -> WordPredictions:
    """A text by the models of winnowing, in-domain first."""
    models = [model for model in (winnow.lm_, winnow.background_) if model is not None]
    found = [
        _prediction(model, text, name, role)
        for model, name, role in zip(models, names, ROLES, strict=False)
    ]
    has_background = len(found) > 1
    difference = float(winnow.score([text])[0]) if has_background else None
    return WordPredictions(found, difference)


def _prediction(model: LanguageModel, text: str, name: str, role: str) -> Prediction:
    from dataselect.models.language_model.scoring.language_model import DECIMALS, perplexity
    from dataselect.models.language_model.vocabulary import split

    scored = model.text_scores([text])
    spelled = [word.decode() for word in split(model.normalization(text))]
    words = [
        Word(word, *each)
        for word, each in zip([*spelled, END], model.word_scores(text), strict=True)
    ]
    value = float(perplexity(scored.log_probs, scored.words + 1)[0])
    return Prediction(name, role, round(value, DECIMALS), words)

"""What the models of runs say of a text: its n-grams' shares of relevance, its words' surprise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.data.fields import Column
from dataselect.data.files.input_names import named
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.sampling import read_columns
from dataselect.execution.run import SKIP, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.analysis.run_reports import Stage
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.models.normalization import Normalization
    from dataselect.operations.relevance.relevance import Relevance
    from dataselect.operations.winnow.winnow import Winnow

END = "</s>"
_ROLES = ("in-domain", "background")


@dataclass(frozen=True)
class NgramShare:
    """An n-gram's share of the log-odds, and the weight that was learnt, 0 for an unknown one."""

    ngram: str
    share: float
    weight: float


@dataclass(frozen=True)
class RelevanceSum:
    """The sum that gives a text its relevance.

    `log_odds` are the sum of all shares and the `offset`, and `relevance` 1 / (1 + exp(-log_odds)),
    which stays off 0 and 1. A share is the weight of an n-gram for each time that it occurs,
    through `divisor`, times `slope`. `set_name`: which in-domain set it is for, of several.
    """

    model: str
    set_name: str
    relevance: float
    log_odds: float
    offset: float
    slope: float
    divisor: float
    shares: list[NgramShare]


def relevance_sum(model: Relevance, name: str, text: str) -> RelevanceSum:
    """The sum of a text by a model that is called `name`."""
    values, winners = model.relevance([text])
    which = int(winners[0])
    found = model.evidence(text, which)
    return RelevanceSum(
        name,
        model.names_[which],
        float(values[0]),
        math.fsum([*found.shares.values(), found.offset]),
        found.offset,
        found.slope,
        found.divisor,
        [NgramShare(ngram, share, found.weights[ngram]) for ngram, share in found.shares.items()],
    )


def relevance_of_stage(stage: Stage, text: str) -> RelevanceSum | None:
    """The sum by the model of a relevance run, fitted again where it was fitted then.

    None where its files are not there. Raises InputError for what is no model, or no text.
    """
    from dataselect.operations.relevance.relevance import Relevance
    from dataselect.operations.relevance.training_files import TrainingFiles

    options = stage.options
    if options["model"] is not None:
        path = stage.located(options["model"])
        return None if path is None else relevance_sum(Relevance.load(path), path, text)
    spelled = [named(each) for each in options["in_domain"] or ()]
    in_domain = stage.all_located([path for _, path in spelled])
    background = options["background"]
    pool = stage.all_located(stage.read if background is None else [background])
    if not in_domain or not pool:
        return None
    least = options.get("min_speakers")
    sets = [f"{name}={path}" for (name, _), path in zip(spelled, in_domain, strict=True)]
    files = TrainingFiles.open(
        [each.removeprefix("=") for each in sets],
        options["in_domain_by"],
        None if background is None else pool[0],
        in_domain_text=stage.column_of("in_domain"),
        background_text=stage.column_of("background"),
        speaker=None
        if least is None
        else Column.speaker(options.get("speaker_field") or "speaker"),
    )
    model = Relevance(
        ngrams=options["ngrams"],
        analyzer=options["analyzer"],
        lowercase=options["lowercase"],
        min_speakers=least,
    )
    fitted = files.fit(model, RecordFiles(pool), _settings(stage))
    return relevance_sum(fitted, f"a model of {', '.join(options['in_domain'])}", text)


def _settings(stage: Stage) -> Settings:
    """Those of a run, as far as models depend on them; the run has dealt with its bad records."""
    return Settings(text_field=stage.text_field, seed=stage.options["seed"], on_error=SKIP)


@dataclass(frozen=True)
class Word:
    """A word of a text, or its END, as a model predicted it from what comes before.

    `order`: the length of the n-gram that did. `unknown`: the model has no such word.
    """

    word: str
    log10: float
    order: int
    unknown: bool


@dataclass(frozen=True)
class Prediction:
    """A text by one model: `role` is in-domain or background; `words` are in their order."""

    model: str
    role: str
    perplexity: float
    words: list[Word]


@dataclass(frozen=True)
class WordPredictions:
    """A text by the models of a run; `difference` in bits a word, with a background."""

    models: list[Prediction]
    difference: float | None = None


def words_by_model(path: str, text: str, normalization: Normalization | None) -> WordPredictions:
    """A text by the model in a file. Raises InputError if it is not one."""
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.operations.winnow.winnow import Winnow

    return _predicted(Winnow(LanguageModel(path, normalization)), text, [path])


def words_of_stage(stage: Stage, text: str) -> WordPredictions | None:
    """A text by the models of a winnow run, trained again where they were trained then.

    A run with --relevance has no model of a background. None where their files are not there.
    Raises InputError for what is no model, or no text.
    """
    import numpy as np

    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.models.normalization import Normalization
    from dataselect.operations.winnow.background import AUTO, read_background
    from dataselect.operations.winnow.winnow import Winnow

    options = stage.options
    lowercase, plain = options["lowercase"], options["remove_punctuation"]
    normalization = Normalization(lowercase, "remove" if plain else "keep")
    own = stage.all_located(options["in_domain"] or [options["lm"]])
    background = None if options["relevance"] else options["background"]
    name = f"a model of {background}"
    pool = own if background is None else stage.all_located([background])
    if background == AUTO:
        pool, name = stage.all_located(stage.read), "a model of a sample of the input"
    if not own or not pool:
        return None
    lm, in_domain, names = None, [], [f"a model of {', '.join(options['in_domain'] or ())}"]
    if options["in_domain"]:
        column = stage.column_of("in_domain")
        [in_domain] = read_columns(RecordFiles(own, text_field=column.path), [column])
    else:
        lm, names = LanguageModel(own[0], normalization), [str(options["lm"])]
    others = read_background(
        background if background in (None, AUTO) else pool[0],
        stage.column_of("background"),
        in_domain,
        RecordFiles(pool),
        normalization,
        _settings(stage),
        np.random.default_rng(options["seed"]),
    )
    if isinstance(others, LanguageModel):
        name = str(background)
    model = Winnow(
        lm, others, order=options["order"], lowercase=lowercase, remove_punctuation=plain
    )
    with model.fit(in_domain):
        return _predicted(model, text, [*names, name])


def _predicted(winnow: Winnow, text: str, names: Sequence[str]) -> WordPredictions:
    """A text by the models of winnowing, in-domain first."""
    models = [model for model in (winnow.lm_, winnow.background_) if model is not None]
    found = [
        _prediction(model, text, name, role)
        for model, name, role in zip(models, names, _ROLES, strict=False)
    ]
    return WordPredictions(found, float(winnow.score([text])[0]) if len(found) > 1 else None)


def _prediction(model: LanguageModel, text: str, name: str, role: str) -> Prediction:
    from dataselect.models.language_model.vocabulary import split

    spelled = [word.decode() for word in split(model.normalization(text))]
    words = [
        Word(word, *each)
        for word, each in zip([*spelled, END], model.word_scores(text), strict=True)
    ]
    return Prediction(name, role, float(model.text_scores([text]).perplexities[0]), words)

"""`dataselect lm mix`: interpolate language models into one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

from dataselect.command_line.ending import note
from dataselect.command_line.normalization_options import NormalizationOptions
from dataselect.command_line.option import argument, option
from dataselect.command_line.options import OutputOptions
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.models.language_model.backoff import BackoffModel

_NOUN, _WEIGHTS = "lm mix", "Weights"
_ROUNDING = 1e-6
_OF_TUNING = ("text_field", "on_error", "min_records", "lowercase", "remove_punctuation")

USUAL = "weights tune lowercase text_field output report"
EXAMPLES = r"""
dataselect lm mix weak.arpa rich.arpa --tune dev.jsonl -o mixed.arpa
dataselect lm mix weak.arpa rich.arpa --weights 0.3,0.7 > half.arpa
"""


def command(
    models: Annotated[
        list[str],
        argument("MODEL MODEL...", "ARPA files, plain or .gz .zst .bz2 .xz."),
    ],
    normalizing: NormalizationOptions,
    output: OutputOptions,
    weights: str | None = option(
        "W,W,...", _WEIGHTS, "The weight of each model, in their order; they sum to 1."
    ),
    tune: str | None = option(
        "DEV",
        _WEIGHTS,
        "Find the weights of the lowest perplexity on this JSONL text, by EM, to within "
        "0.001 % of that perplexity.",
    ),
) -> None:
    """Interpolate language models into one ARPA file.

    The mixture lists every n-gram of any model, with the weighted sum of the probabilities that
    the models give it, and back-offs with which everything sums to one. What a model gives
    unknown words it shares evenly among these and the words of other models. Perplexities are
    over the sentence ends of DEV and its words, but for those that no model knows. Takes about
    170 bytes of memory for each n-gram that is read.
    """
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Run

    settings = output.build()
    sources = Inputs(models)
    _refuse_contradictions(sources.paths, weights, tune, output)
    _refuse_without(tune, {**vars(output), **vars(normalizing)})
    given = None if weights is None else _parsed(weights, len(sources.paths))
    development = RecordFiles(
        [tune or os.devnull],
        digest=settings.report is not None,
        text_field=settings.text_field,
    )
    with Run(development, settings, also_read=[sources]) as run:
        from dataselect.models.language_model import arpa
        from dataselect.models.language_model.interpolation import mix

        parts = [arpa.read(path) for path in sources.paths]
        if given is None:
            texts = [text for batch in run.texts(_NOUN, normalizing.build()) for text in batch]
            mixed, about = _tuned(parts, texts)
        else:
            mixed, about = mix(parts, given), {"weights": given}
        for chunk in arpa.write(mixed):
            run.write(chunk)
        about["ngrams"] = [len(level) for level in mixed.levels]
        run.report(_NOUN, {"weights": _joined(about["weights"])}, **{_NOUN: about})
    for line in _summary(about):
        note(line, quiet=settings.quiet)


def _refuse_contradictions(
    paths: Sequence[str], weights: str | None, tune: str | None, output: OutputOptions
) -> None:
    from dataselect.data.files.raw_files import STDIN

    if len(paths) < 2:
        raise OptionError("one model is no mixture; name two or more")
    if STDIN in paths:
        raise OptionError("models are read from files; standard input is for --tune")
    if (weights is None) == (tune is None):
        raise OptionError("say what the models weigh: --weights W,W,... or --tune DEV, not both")
    if output.allow_empty:
        raise OptionError("--allow-empty: an empty text tunes nothing; leave it out")


def _refuse_without(tune: str | None, given: dict[str, Any]) -> None:
    plain = {**vars(OutputOptions()), **vars(NormalizationOptions())}
    for name in _OF_TUNING:
        if tune is None and given[name] != plain[name]:
            raise OptionError(f"--{name.replace('_', '-')} is for --tune, which is not given")


def _parsed(weights: str, models: int) -> list[float]:
    """The weights as numbers. Raises OptionError unless there is one a model and they sum to 1."""
    try:
        values = [float(weight) for weight in weights.split(",")]
    except ValueError:
        raise OptionError(f"--weights {weights} are not numbers; write them 0.5,0.5") from None
    if len(values) != models:
        raise OptionError(
            f"--weights {weights} are {len(values)} for {models} models; give each one"
        )
    if not all(value >= 0 for value in values):
        raise OptionError(f"--weights {weights}: a weight is not below 0; correct it")
    if not abs(sum(values) - 1) <= _ROUNDING:
        raise OptionError(f"--weights {weights} sum to {sum(values):.9g}; make that 1")
    return values


def _tuned(
    parts: Sequence[BackoffModel], texts: Sequence[str]
) -> tuple[BackoffModel, dict[str, Any]]:
    """The mixture that predicts the texts best, and how it was found."""
    from dataselect.models.language_model.interpolation import (
        known_perplexity,
        mix,
        tune,
        word_log_probs,
    )

    tuning = tune(word_log_probs(parts, texts))
    mixed = mix(parts, tuning.weights.tolist())
    perplexity, unknown = known_perplexity(mixed, texts)
    return mixed, {
        "weights": tuning.weights.tolist(),
        "iterations": tuning.iterations,
        "perplexities": tuning.perplexities.tolist(),
        "perplexity": perplexity,
        "oov": unknown,
    }


def _summary(about: dict[str, Any]) -> list[str]:
    """What was done, for people."""
    counts = ", ".join(f"{count:,} {n}-grams" for n, count in enumerate(about["ngrams"], start=1))
    lines = [f"mixed with weights {_joined(about['weights'])} into {counts}"]
    if "perplexity" in about:
        own = ", ".join(f"{value:,.2f}" for value in about["perplexities"])
        mixed = f"{about['perplexity']:,.2f}"
        lines.append(
            f"perplexity {mixed} (each model by itself: {own}) after {about['iterations']} "
            f"iterations; {about['oov']:,} words that no model knows are left out"
        )
    return lines


def _joined(weights: Sequence[float]) -> str:
    return ",".join(f"{weight:.4g}" for weight in weights)

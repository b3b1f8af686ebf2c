"""`dataselect lm eval`: how well language models predict a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from dataselect.command_line.ending import note, warn
from dataselect.command_line.normalization_options import NormalizationOptions
from dataselect.command_line.option import option
from dataselect.command_line.options import InputOptions, OutputOptions
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOUN, _MODELS = "lm eval", "Language models"

USUAL = "lm lowercase remove_punctuation text_field format output report"
EXAMPLES = r"""
dataselect lm eval --lm weak.arpa --lm rich.arpa --lm mixed.arpa test.jsonl
dataselect lm eval --lm mixed.arpa --format json test.jsonl > figures.json
"""


def command(
    inputs: InputOptions,
    lm: Annotated[
        list[str],
        option("FILE", _MODELS, "A language model, ARPA or KenLM's binary; again for several."),
    ],
    normalizing: NormalizationOptions,
    output: OutputOptions,
    format_: Literal["table", "json"] = option("", "Options", "What is written.", "table"),
) -> None:
    """Tell how well language models predict a text.

    For each model: perplexity over words and sentence ends, with unknown words (as the model's
    <unk>) and without, and over the words that all models know; bits per word, and per character,
    spaces and sentence ends counted; the share of unknown words; and how many words and sentence
    ends were predicted by an n-gram of each length.
    """
    from dataselect.data.files.raw_files import STDIN
    from dataselect.data.input_files import Inputs
    from dataselect.data.json_lines.json_values import encoded
    from dataselect.execution.run import Run
    from dataselect.operations.lm.perplexity_table import table

    settings = output.build()
    texts = inputs.open(digest=settings.report is not None, text_field=settings.text_field)
    models = Inputs(lm)
    if STDIN in models.paths:
        raise OptionError("models are read from files; standard input is for texts")
    with Run(texts, settings, also_read=[models]) as run:
        from dataselect.models.language_model.scoring.perplexity import PerplexityCounts, add
        from dataselect.models.language_model.scoring.unspaced import Watch

        evaluations = [PerplexityCounts(path) for path in models.paths]
        watch = Watch()
        for batch in watch.over(run.texts(_NOUN, normalizing.build())):
            add(evaluations, batch)
        described = [evaluation.describe() for evaluation in evaluations]
        found = {"models": described}
        shown = (
            table(described).encode() if format_ == "table" else encoded(found, indent=True) + b"\n"
        )
        run.write(shown)
        run.warnings = [*_doubts(described), *watch.warnings()]
        run.report(_NOUN, {}, **{_NOUN: found})
    warn(run.warnings, settings)
    note(f"evaluated {run.counts.kept:,} of {run.counts.read:,} records", quiet=settings.quiet)


def _doubts(described: Sequence[dict[str, Any]]) -> list[str]:
    """What a person should know before comparing the models."""
    unknown = [figures["oov"] for figures in described]
    if len(set(unknown)) <= 1:
        return []
    counts = ", ".join(f"{count:,}" for count in unknown)
    what = f"the models lack different words ({counts} unknown): perplexities do not compare"
    shared = f"{described[0]['shared']:,} words and sentence ends that all models know"
    return [f"{what}, but those over the {shared}"]

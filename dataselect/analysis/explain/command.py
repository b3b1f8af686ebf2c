"""`dataselect explain`: everything known of one record, and why it was kept or dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from dataselect.command_line.ending import note
from dataselect.command_line.normalization_options import NormalizationOptions
from dataselect.command_line.option import argument, option
from dataselect.console import printable

_RECORDS, _MODELS, _RUN = "Records", "Runs and models", "Output"


@dataclass(frozen=True)
class LookUpOptions:
    """Where the record is looked up."""

    files: list[str] | None = argument(
        "[FILES]...",
        "JSONL files to look it up in, beside those that the runs of --report name: the "
        "pool, what was kept, what was dropped; - is standard input.",
    )
    id_field: str = option(
        "FIELD", _RECORDS, "Where records have their id, dots reach inwards [default: id].", "id"
    )
    text_field: str | None = option(
        "FIELD", _RECORDS, "Where records have their text [default: as in the runs, else text]."
    )


@dataclass(frozen=True)
class KnownOptions:
    """What is known beside the record itself."""

    report: list[str] | None = option(
        "FILE",
        _MODELS,
        "What --report wrote of a run that scored or selected; again for several. The "
        "files that it names are found from here, or beside it.",
    )
    kept: str | None = option(
        "FILE", _MODELS, "Find the nearest kept records here [default: what the last runs kept]."
    )
    model: str | None = option(
        "FILE", _MODELS, "The model of relevance [default: those of the runs]."
    )
    lm: str | None = option(
        "FILE", _MODELS, "A language model, ARPA or KenLM's binary [default: those of the runs]."
    )


@dataclass(frozen=True)
class ExplainOutputOptions:
    """What is written."""

    top: int = option(
        "N", _RUN, "How many n-grams and words to list; JSON has all [default: 10].", 10, min=1
    )
    no_text: bool = option(
        "",
        _RUN,
        "Show no text, n-gram, word or value, as for readers elsewhere: scores, ranks, decisions, "
        "ids and names of files and options.",
        False,
    )
    format_: Literal["text", "json"] = option("", _RUN, "What is written.", "text")
    output: str = option(
        "FILE",
        _RUN,
        "Write here instead of standard output; appears whole at the end.",
        "-",
        short="-o",
    )
    quiet: bool = option("", _RUN, "No warnings.", False, short="-q")


USUAL = "report kept model lm id_field top no_text format output"
EXAMPLES = r"""
dataselect explain pool-42 --report run.json
dataselect explain pool.jsonl.gz:42 --kept relevant.jsonl --format json pool.jsonl.gz
"""


def command(
    wanted: Annotated[str, argument("ID", "The record's id, or FILE:LINE.")],
    look_up: LookUpOptions,
    known: KnownOptions,
    normalizing: NormalizationOptions,
    shown: ExplainOutputOptions,
) -> None:
    """Tell everything that is known of one record, and why it was kept or dropped.

    What runs did with it, its score and rank, and which options would have kept it; the n-grams
    that speak for and against it; the words that surprise a language model most; the kept records
    that are nearest to it. Normalisation is for --lm; runs have their own.
    """
    from dataselect.analysis.explain.explanation import ExplanationSources, explain
    from dataselect.analysis.explain.record_lookup import addressed
    from dataselect.analysis.explain.text_output import text
    from dataselect.analysis.explain.without_text import without_text
    from dataselect.analysis.run_reports import read_stage
    from dataselect.data.input_files import Inputs
    from dataselect.data.json_lines.json_values import encoded
    from dataselect.data.output_files import Outputs

    sources = ExplanationSources(
        [*(look_up.files or []), *addressed(wanted)],
        [read_stage(path) for path in known.report or []],
        known.kept,
        known.model,
        known.lm,
        normalizing.build(),
        look_up.id_field,
        look_up.text_field,
    )
    others = [path for path in (*(known.report or []), known.model, known.lm) if path]
    read = [*sources.files.inputs.values(), *(Inputs([path]) for path in others)]
    with Outputs(
        {key: path for each in read for key, path in each.identities().items()}
    ) as outputs:
        sink = outputs.open(shown.output)
        found = explain(wanted, sources)
        found = without_text(found) if shown.no_text else found
        sink.write(
            printable(text(found, shown.top)).encode(errors="backslashreplace")
            if shown.format_ == "text"
            else encoded(found.as_json(), indent=True) + b"\n"
        )
    for warning in found.warnings:
        note(f"warning: {warning}", quiet=shown.quiet)

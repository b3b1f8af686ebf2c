"""`dataselect convert`: other file formats to JSONL, and back."""

from dataselect.command_line.ending import note, warn
from dataselect.command_line.options import OutputOptions, argument, option
from dataselect.data.first_bytes import is_object
from dataselect.data.formats import Layout, Source, Target, convert
from dataselect.data.formats import header as header_of
from dataselect.data.input_files import Inputs
from dataselect.execution.run import Run

USUAL = "from to columns header id text_field on_error output"
EXAMPLES = r"""
dataselect convert --to text relevant.jsonl > relevant.txt
dataselect convert --to tsv --columns id,text --header -o relevant.tsv relevant.jsonl
"""


def command(
    *,
    files: list[str] | None = argument(
        "[FILES]...",
        "Files, plain or .gz .zst .bz2 .xz; moses: source, target; "
        "bio: seq.in, seq.out, label, or CoNLL files; - or nothing is standard input.",
    ),
    source: Source = option("", "Options", "The format that is read.", "jsonl", name="--from"),
    target: Target = option("", "Options", "The format that is written.", "jsonl", name="--to"),
    columns: str | None = option(
        "NAME,...",
        "Options",
        "tsv, csv: the columns read, by position, - for one to pass over; "
        "or the fields written, dots reach inwards. CoNLL files: which columns are token, "
        "tag and intent, where the file does not tell.",
    ),
    header: bool = option(
        "",
        "Options",
        "tsv, csv: the first line read, and the first written, holds names; "
        "names given by --columns go before those read.",
        False,
    ),
    id_: str | None = option("PREFIX", "Options", "Add a field 'id': PREFIX and a number from 0."),
    output: OutputOptions,
) -> None:
    """Turn text, TSV, CSV, Moses, SNIPS and BIO files into JSONL, and JSONL into text and TSV.

    Nothing is damaged in silence: a cell too many, files of unequal length, or a tab where
    none may be is an error with file and line.
    """
    settings = output.build()
    names = None if columns is None else tuple(columns.split(","))
    layout = Layout(names, header, settings.text_field)
    inputs = Inputs(files or [], digest=settings.report is not None)
    with Run(inputs, settings) as run:
        run.warnings = _doubts(inputs, source)
        made = convert(inputs, source, target, layout, id_prefix=id_)
        run.write_records(made, "convert", head=header_of(target, layout))
    warn(run.warnings, settings)
    note(run.counts.summary(), quiet=settings.quiet)


def _doubts(inputs: Inputs, source: Source) -> list[str]:
    """Whether JSONL is about to be read as lines of text, which nothing would refuse."""
    if source not in ("text", "tsv", "csv") or inputs.size is None:  # a pipe is read once
        return []
    first = next((block.data.split(b"\n", 1)[0] for block in inputs.blocks()), b"")
    if source == "csv" and b"," not in first and (b";" in first or b"\t" in first):
        other = "semicolons; write it with commas" if b";" in first else "tabs; give --from tsv"
        return [f"the first line has no comma, but {other}"]
    if not is_object(first):
        return []
    return [f"the first line is a JSON object, and read as {source}: for JSONL, leave --from out"]

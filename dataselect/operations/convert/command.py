"""`dataselect convert`: files of one format into another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from dataselect.command_line.ending import note, warn
from dataselect.command_line.option import option
from dataselect.command_line.options import TARGET, InputOptions, OutputOptions
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.data.formats.lines import SourceLine
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.records import BadRecord

USUAL = "from to columns no_header delimiter id text_field values on_error output"
EXAMPLES = r"""
dataselect convert --to text relevant.jsonl > relevant.txt
dataselect convert --columns id,text -o relevant.tsv relevant.jsonl
"""


def command(
    inputs: InputOptions,
    *,
    target: str | None = TARGET,
    id_: str | None = option("PREFIX", "Options", "Add a field 'id': PREFIX and a number from 0."),
    values: str | None = option(
        "FILE",
        "Options",
        "rasa, alexa: synonyms by the canonical forms of this table, as dataselect values writes "
        "it.",
    ),
    output: OutputOptions,
) -> None:
    """Turn files of one format into another; see dataselect help formats.

    Other commands read and write all formats, too; this is for what needs --columns or --id.
    Where the input has no columns, --columns names the fields that are written; dots reach
    inwards. Nothing is damaged in silence: a cell too many, files of unequal length, or a tab
    where none may be is an error with file and line.
    """
    from dataselect.data.formats import named, of_output
    from dataselect.data.formats.nlu.canonical_forms import CanonicalForms
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.execution.run import Run

    settings = replace(output.build(), target=target)
    layout = inputs.layout()
    written = of_output(settings.output, None if target is None else named(target, "--to"))
    found = inputs.open(
        digest=settings.report is not None, text_field=settings.text_field, written=written
    )
    if values is not None:
        if not written.takes_values:
            raise OptionError("--values is for rasa and alexa; leave it out, or add --to rasa")
        layout = replace(layout, values=CanonicalForms.read(values))
    if id_ is None and {written, *found.formats} == {named("jsonl", "")}:
        raise OptionError("from jsonl to jsonl changes nothing; give --from, --to or --id")
    if any(each.takes_columns for each in found.formats):
        layout = replace(layout, columns=None)
    tables = [] if values is None else [RecordFiles([values])]
    with Run(found, replace(settings, layout=layout), also_read=tables, writes_records=True) as run:
        run.warnings = _doubts(found, inputs.source)
        run.write_records(_with_ids(found, id_), "convert")
    warn(run.warnings, settings)
    note(run.counts.summary(), quiet=settings.quiet)


def _with_ids(
    inputs: RecordFiles, prefix: str | None
) -> Iterator[tuple[SourceLine, bytes] | BadRecord]:
    """Each record as a line of JSON, with an id if there is a prefix, and where it is from.

    The id comes first, but last where the record is JSON. Bad records take a number too, so that
    an id does not depend on what is done with them. Raises OptionError for a second id.
    """
    from dataselect.data.json_lines.json_bytes import annotate
    from dataselect.data.json_lines.json_values import encoded
    from dataselect.data.records import BadRecord

    for number, item in enumerate(inputs.items()):
        if isinstance(item, BadRecord):
            yield item
            continue
        place, fields, line = item
        if prefix is not None and "id" in fields:
            raise OptionError(f"{place.source} has ids of its own; leave out --id")
        own = {} if prefix is None else {"id": f"{prefix}{number}"}
        if line is None:
            yield place, encoded({**own, **fields})
        else:
            ids = {name: encoded(value) for name, value in own.items()}
            yield place, annotate([line], {name: [value] for name, value in ids.items()})[:-1]


def _doubts(inputs: RecordFiles, source: str | None) -> list[str]:
    """Whether JSONL is about to be read as lines of text, which nothing would refuse."""
    from dataselect.data.files.first_bytes import is_object

    if source not in ("text", "tsv", "csv") or inputs.size is None:  # a pipe is read once
        return []
    first = inputs.first_bytes(inputs.paths[0], 1 << 16).partition(b"\n")[0]
    if not is_object(first):
        return []
    return [f"the first line is a JSON object, and read as {source}: for JSONL, leave --from out"]

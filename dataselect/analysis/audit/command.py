"""`dataselect audit`: tell how much models remember of what they were trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from dataselect.analysis.audit.options import AuditOptions
from dataselect.command_line.encoder_options import NeuralOptions
from dataselect.command_line.ending import note, warn
from dataselect.command_line.normalization_options import NormalizationOptions
from dataselect.command_line.option import argument
from dataselect.command_line.options import OutputOptions
from dataselect.console import printable
from dataselect.errors import InputError, OptionError, RequirementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.analysis.audit.audit import AuditResult
    from dataselect.analysis.audit.audited_model import Model
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.execution.run import Run
    from dataselect.models.memorization.canaries import Canary

_NOUN = "audit"

USUAL = (
    "canary members non_members fail_if samples intent_field text_field lowercase "
    "remove_punctuation format output report"
)
EXAMPLES = r"""
dataselect audit weak.arpa mixed.arpa --members annotated.jsonl --non-members test.jsonl
dataselect audit intents.model --members annotated.jsonl --non-members test.jsonl \
    --intent-field intent --format json > audit.json
"""


def command(
    models: Annotated[
        list[str],
        argument("MODEL...", "What lm train wrote, or relevance or label by --save-model."),
    ],
    trying: AuditOptions,
    normalizing: NormalizationOptions,
    output: OutputOptions,
) -> None:
    """Tell how much models remember of what they were trained on.

    The exposure of each canary, a text that was put into the training data: log2 of how many texts
    have its form, less log2 of its rank among them; 1 bit where the model does not know it (Carlini
    et al. 2019). And how well an attack tells members of the training data from other texts, by
    perplexity, log-odds or probability: AUC and advantage with bootstrap intervals (Yeom et al.
    2018).
    """
    from dataselect.analysis.audit.audit import audit
    from dataselect.analysis.audit.audited_model import load
    from dataselect.data.files.raw_files import STDIN
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Run
    from dataselect.operations.label.options import open_encoder

    settings, conditions = replace(output.build(), seed=trying.seed), trying.conditions()
    sources = Inputs(models)
    if STDIN in sources.paths:
        raise OptionError("models are read from files; standard input is for texts")
    digest = settings.report is not None
    given = (trying.canary, trying.members, trying.non_members)
    files = [_opened(paths, settings.text_field, digest=digest) for paths in given]
    first, *others = [each for each in files if each is not None]
    with Run(first, settings, also_read=[*others, sources]) as run:
        loaded: dict[str, Model] = {
            path: load(path, normalizing.build(), open_encoder(NeuralOptions(), path))
            for path in sources.paths
        }
        canaries = _canaries(run, files[0], trying.form_field)
        texts, intents = zip(
            *(_texts(run, each, trying.intent_field) for each in files[1:]), strict=True
        )
        run.require(run.counts.kept, "look at what is read")
        if trying.members and not any(texts):
            raise InputError("--members and --non-members: no text; look at what is read")
        found = audit(
            loaded,
            canaries,
            members=texts[0],
            non_members=texts[1],
            intents=None if trying.intent_field is None else intents,
            samples=trying.samples,
            seed=settings.seed,
        )
        run.counts.check()
        fired = found.fired(conditions)
        run.write(_shown(found, trying.format_))
        run.warnings = found.warnings()
        digests = {
            path: own for each in (first, *others) for path, own in each.meter.digests().items()
        }
        run.report(
            _NOUN,
            {"samples": trying.samples},
            inputs=digests,
            audit={**found.as_json(), "fired": fired},
        )
    warn(run.warnings, settings)
    note(f"audited by {run.counts.kept:,} of {run.counts.read:,} records", quiet=settings.quiet)
    if fired:
        raise RequirementError("; ".join(fired))


def _opened(paths: Sequence[str] | None, text_field: str, *, digest: bool) -> RecordFiles | None:
    from dataselect.data.formats.record_files import RecordFiles

    return RecordFiles(paths, digest=digest, text_field=text_field) if paths else None


def _canaries(run: Run, files: RecordFiles | None, form_field: str) -> list[Canary]:
    """The canaries of some records; bad ones are dealt with on the way."""
    from dataselect.analysis.audit.canary_column import canary_column
    from dataselect.data.fields import Column

    if files is None:
        return []
    column = canary_column(Column.text(run.settings.text_field), form_field)
    return [each for [own] in run.columns(files, [column], _NOUN) for each in own]


def _texts(
    run: Run, files: RecordFiles | None, intent_field: str | None
) -> tuple[list[str], list[str]]:
    """The texts of some records, and their intents where a field of these is given."""
    from dataselect.data.fields import Column

    columns = [Column.text(run.settings.text_field)]
    if intent_field is not None:
        columns.append(Column.group(intent_field, "--intent-field"))
    found: tuple[list[str], list[str]] = ([], [])
    for values in run.columns(files, columns, _NOUN) if files is not None else ():
        for kept, own in zip(found, values, strict=False):
            kept.extend(own)
    return found


def _shown(found: AuditResult, format_: str) -> bytes:
    from dataselect.analysis.audit.table import table
    from dataselect.data.json_lines.json_values import encoded

    if format_ == "json":
        return encoded(found.as_json(), indent=True) + b"\n"
    return printable(table(found)).encode()

"""`dataselect compare`: tell whether selections beat chance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dataselect.analysis.compare.options import CompareOptions, DownstreamOptions
from dataselect.command_line.ending import note, warn
from dataselect.command_line.options import InputOptions, OutputOptions
from dataselect.console import printable
from dataselect.errors import RequirementError

if TYPE_CHECKING:
    from dataselect.analysis.compare.result import ComparisonResult

_NOUN = "compare"

USUAL = "dev pool random cost in_domain labelled test group fail_if format seed output report"
EXAMPLES = r"""
dataselect compare --dev dev.jsonl --pool pool.jsonl.gz relevant.jsonl winnowed.jsonl
dataselect compare --dev dev.jsonl --pool pool.jsonl.gz \
    --fail-if 'perplexity > random' relevant.jsonl
"""


def command(
    inputs: InputOptions,
    comparing: CompareOptions,
    training: DownstreamOptions,
    output: OutputOptions,
) -> None:
    """Tell whether selections beat chance.

    Each file is a selection of --pool, and stands beside random selections of equal size, drawn
    without replacement, and all of the pool. Measured are: perplexity of --dev by a trigram model
    of the records (interpolated modified Kneser-Ney, one vocabulary for all); dev words that they
    lack, and dev n-grams that they have; distinct n-grams over all n-grams; self-similarity, the
    mean cosine of the 1- and 2-gram counts of two records; duplicates, records with the words of
    an earlier one; labels; and how much selections overlap. With --labelled and --test, the error
    of an intent classifier trained on them, too; with --group, who is kept.
    """
    from dataselect.analysis.compare.compare import compare
    from dataselect.analysis.compare.compared_files import ComparedFiles
    from dataselect.analysis.compare.selected_texts import Fields
    from dataselect.execution.run import Run
    from dataselect.versions import signature

    settings = replace(output.build(), seed=comparing.seed)
    groups = comparing.groups
    fields = Fields(settings.text_field, comparing.label_field, comparing.cost, groups)
    digest = settings.report is not None
    sources = ComparedFiles.opened(inputs.files or [], comparing.pool, fields, digest=digest)
    assertions = comparing.assertions([*sources.selections], trains=training.trains)
    first, *others = sources.inputs
    read = [*others, *comparing.reads(), *training.reads()]
    with Run(first, settings, also_read=read) as run:
        run.facts["selections"] = [*sources.selections]
        found = compare(
            sources.read_selections(run),
            comparing.development(settings.text_field),
            pool=sources.read_pool(run),
            in_domain=comparing.in_domain_texts(settings.text_field),
            cost=comparing.cost,
            draws=comparing.random,
            seed=settings.seed,
            training=training.training(settings, groups),
            quiet=settings.quiet,
        )
        run.counts.check()
        fired = found.fired(assertions)
        facts = {"random": found.basis.draws, "equal": comparing.cost}
        described = {
            "signature": signature(_NOUN, {**facts, "seed": settings.seed}),
            **found.as_json(),
            "fired": fired,
        }
        run.write(_shown(found, described, comparing.format_))
        run.warnings = found.warnings
        run.report(_NOUN, facts, inputs=sources.digests(), compare=described)
    warn(run.warnings, settings)
    note(f"compared {run.counts.kept:,} of {run.counts.read:,} records", quiet=settings.quiet)
    if fired:
        raise RequirementError("; ".join(fired))


def _shown(found: ComparisonResult, described: dict[str, object], format_: str) -> bytes:
    from dataselect.analysis.compare.table import table
    from dataselect.data.json_lines.json_values import encoded

    if format_ == "json":
        return encoded(described, indent=True) + b"\n"
    return printable(table(found, str(described["signature"]))).encode()

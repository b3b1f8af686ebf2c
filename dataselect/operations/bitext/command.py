"""`dataselect bitext`: keep the sentence pairs near in-domain text, and those that translate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dataselect.command_line.encoder_options import EncoderOptions
from dataselect.command_line.ending import calibrated, finish, save
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.option import given
from dataselect.command_line.options import InputOptions, ModelOptions, RunOptions
from dataselect.command_line.selection_options import CALIBRATE, SelectionOptions
from dataselect.errors import OptionError
from dataselect.operations.bitext.options import (
    AlignmentFlags,
    DistanceFlags,
    FilterOptions,
    SideOptions,
)
from dataselect.operations.bitext.side_encoder_options import SideEncoders

if TYPE_CHECKING:
    from dataselect.selection.rule import Selection

USUAL = (
    "in_domain side encoder align min_alignment drop_copies same_numbers max_length_ratio "
    "share calibrate output rejects"
)
EXAMPLES = r"""
dataselect bitext --in-domain indomain.de.jsonl --share 10% -o near.pairs.jsonl bitext.jsonl
dataselect bitext --drop-copies --same-numbers --rejects dropped.jsonl \
    -o clean.jsonl bitext.jsonl
"""


def command(
    inputs: InputOptions,
    side: SideOptions,
    distance: DistanceFlags,
    encoding: EncoderOptions,
    aligning: AlignmentFlags,
    filtering: FilterOptions,
    fitted: ModelOptions,
    selection: SelectionOptions,
    run: RunOptions,
    engine: EngineOptions,
    calibrate: float | None = CALIBRATE,
) -> None:
    """Keep the sentence pairs near in-domain text, and those that translate each other.

    Adds 'distance', of the chosen side to the in-domain text; low is good. Vectors come from an
    encoder that is fitted on the spot, from --encoder MODEL or from --vectors. With --align adds
    'alignment'; high is good, and it ranks where there is no in-domain text. Filters leave pairs
    out whatever their score, and --rejects says why.
    """
    import numpy as np

    from dataselect.operations.bitext.bitext_input import BitextSources

    settings = replace(run.build(), text_field=side.fields[side.sides[-1]])
    rule, filters = selection.build(calibrate=calibrate), filtering.build()
    compared = bool(side.in_domain or encoding.in_domain_vectors)
    fitted.check(settings, [*given(distance), *(["--in-domain"] if compared else [])])
    encoding.check(aligning.model, fitted.model)
    aligning.check()
    if fitted.fit_only and aligning.align is not None:
        raise OptionError("--fit-only scores nothing; leave --align out")
    if compared and rule.sample is not None and distance.rule in ("discriminant", "logistic"):
        raise OptionError(
            f"--sample draws in proportion to 1 / distance, and --rule {distance.rule} gives "
            "negative ones; use --rule centroid"
        )
    if not (compared or fitted.model):
        _check_without_domain(
            rule, distance, fitted, scores=aligning.align is not None, filters=filters.active
        )
    encoders = SideEncoders(side, encoding, aligning, fitted.model)
    encoders.check()
    sources = BitextSources(side, distance, aligning, encoders, run.text_field, settings)
    pool = engine.open(inputs, run, rule, settings)
    read = [*sources.reads(), *encoding.reads(), *fitted.reads(), *selection.reads()]
    with engine.job(pool, settings, also_read=read, only_fits=fitted.fit_only) as job:
        job.open_file(fitted.save_model)
        job.facts["text_field"] = run.text_field
        scorer = sources.scorer(pool, filters, np.random.default_rng(settings.seed))
        if save(fitted, scorer, job):
            return
        if calibrate is not None:
            rule = calibrated(rule, scorer.held_out(), scorer.direction, job)
        if fitted.model is None:
            job.learnt_from = max(
                (domain.figures["in_domain"] for domain in scorer.domains.values()), default=0
            )
        like_pool = sources.column_of("--auto", rule.auto_field, side.sides[-1])
        result = job.apply(scorer, rule, development=like_pool)
    finish(result, settings)


def _check_without_domain(
    rule: Selection, distance: DistanceFlags, fitted: ModelOptions, *, scores: bool, filters: bool
) -> None:
    """Raise OptionError for what needs in-domain text."""
    if given(distance) or fitted.save_model or rule.calibrate:
        raise OptionError("there is no in-domain text to fit to; give --in-domain FILE")
    if not (scores or filters):
        raise OptionError(
            "give --in-domain FILE, --model FILE, --align MODEL or a filter such as --drop-copies"
        )
    if not scores and rule.selects:
        raise OptionError(
            f"{rule.describe()} goes by a score, and filters give none; give --in-domain FILE"
        )

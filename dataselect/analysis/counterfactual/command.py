"""`dataselect counterfactual`: tell whether names, places, genders or numbers decide."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from dataselect.command_line.encoder_options import NeuralOptions
from dataselect.command_line.ending import note, warn
from dataselect.command_line.normalization_options import NormalizationOptions
from dataselect.command_line.option import argument, option
from dataselect.command_line.options import OutputOptions
from dataselect.console import printable
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.analysis.counterfactual.flips import SwapResult
    from dataselect.analysis.counterfactual.judge import Judge
    from dataselect.execution.run import Run

_NOUN, _TRIED = "counterfactual", "What is tried"


@dataclass(frozen=True)
class CounterfactualOptions:
    """What is swapped, and what decides."""

    swap: list[str] | None = option(
        "NAME[=FILE]",
        _TRIED,
        "names, places, genders or numbers, of small English lists, or a list of your own: words "
        "that stand for each other, one a line, or several with tabs between them; again for "
        "several [default: all of ours].",
    )
    threshold: float | None = option(
        "X", _TRIED, "What has a score on the good side of X is kept [default: see --share]."
    )
    share: str | None = option(
        "P",
        _TRIED,
        "The best share of these records is kept, such as 10%; of a label model, by default all.",
    )
    draws: int = option(
        "N", _TRIED, "Variants of each record, and rewordings [default: 5].", 5, min=1
    )
    sample_size: int = option(
        "N", _TRIED, "Records that are tried, drawn at random [default: 2000].", 2_000, min=1
    )
    samples: int = option(
        "N", _TRIED, "Bootstrap samples for intervals [default: 1000].", 1000, min=1, max=1_000_000
    )
    seed: int = option("N", _TRIED, "Seed of everything random [default: 0].", 0, min=0)
    format_: Literal["table", "json"] = option("", _TRIED, "What is written.", "table")


USUAL = "swap threshold share draws sample_size text_field format seed output report"
EXAMPLES = r"""
dataselect counterfactual mixed.arpa --share 10% pool.jsonl.gz
dataselect counterfactual intents.model --swap names --swap numbers test.jsonl
"""


def command(
    model: Annotated[
        str, argument("MODEL", "What relevance or label wrote by --save-model, or lm train.")
    ],
    trying: CounterfactualOptions,
    normalizing: NormalizationOptions,
    encoding: NeuralOptions,
    output: OutputOptions,
    *,
    files: list[str] | None = argument("[FILES]...", "Records with texts to try it on."),
) -> None:
    """Tell whether names, places, genders or numbers decide what is kept.

    Words are swapped for others of their kind in the records that have some: how often is the
    decision another, and how far does the score move? Harmless rewordings of the same records
    (please, I'm for I am, an article) are the control: wording alone moves scores, too, and what
    does not go beyond that says nothing of people. Of a model of label, the intent is part of the
    decision.
    """
    from dataselect.analysis.counterfactual.flips import swap_results
    from dataselect.analysis.counterfactual.flips_table import flips_table
    from dataselect.analysis.counterfactual.judge import load
    from dataselect.analysis.counterfactual.swaps import swaps_of
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.input_files import Inputs
    from dataselect.data.json_lines.json_values import encoded
    from dataselect.execution.run import Run
    from dataselect.operations.label.options import open_encoder

    settings = replace(output.build(), seed=trying.seed)
    if trying.threshold is not None and trying.share is not None:
        raise OptionError("--threshold and --share both say what is kept; give one")
    if trying.threshold is not None and math.isnan(trying.threshold):
        raise OptionError("--threshold NaN keeps nothing; give a number")
    swaps = swaps_of(trying.swap or ())
    pool = RecordFiles(
        files or [], digest=settings.report is not None, text_field=settings.text_field
    )
    with Run(pool, settings, also_read=[Inputs([model])]) as run:
        judge = load(model, normalizing.build(), open_encoder(encoding, model))
        texts = _drawn(run, trying)
        threshold = _threshold(judge, texts, trying)
        found = swap_results(
            texts,
            judge,
            threshold,
            swaps,
            draws=trying.draws,
            samples=trying.samples,
            seed=trying.seed,
        )
        described: dict[str, Any] = {
            "measure": judge.measure,
            "threshold": threshold,
            "records": len(texts),
            "swaps": {each.kind: each.as_json() for each in found},
        }
        run.warnings = [_warning(each) for each in found if each.is_effect]
        shown = encoded(described, indent=True) + b"\n"
        if trying.format_ == "table":
            shown = printable(flips_table(found, judge, threshold)).encode()
        run.write(shown)
        run.report(_NOUN, {"draws": trying.draws}, counterfactual=described)
    warn(run.warnings, settings)
    note(f"tried {len(texts):,} of {run.counts.read:,} records", quiet=settings.quiet)


def _drawn(run: Run, trying: CounterfactualOptions) -> list[str]:
    """Some texts at random, in their order."""
    import numpy as np

    rng = np.random.default_rng(trying.seed)
    kept: list[tuple[float, int, str]] = []
    place = 0
    for texts in run.texts(_NOUN):
        for key, text in zip(rng.random(len(texts)).tolist(), texts, strict=True):
            kept.append((key, place, text))
            place += 1
        if len(kept) > 2 * trying.sample_size:
            kept = sorted(kept)[: trying.sample_size]
    drawn = sorted(kept)[: trying.sample_size]
    return [text for _, _, text in sorted(drawn, key=lambda each: each[1])]


def _threshold(judge: Judge, texts: Sequence[str], trying: CounterfactualOptions) -> float | None:
    """What decides: given, or the worst score of the best share. Raises OptionError for neither."""
    import numpy as np

    from dataselect.selection.budgets import parse_share

    if trying.threshold is not None:
        return trying.threshold
    if trying.share is None:
        if judge.measure == "confidence":
            return None
        raise OptionError("say what is kept: --share 10%, or --threshold of the run that it is of")
    share = float(parse_share(trying.share))
    scores = judge.judged(texts).scores if texts else np.zeros(0)
    ranked = np.sort(scores)[::-1] if judge.direction == "high" else np.sort(scores)
    return float(ranked[max(1, round(share * len(ranked))) - 1]) if len(ranked) else None


def _warning(found: SwapResult) -> str:
    return (
        f"{found.kind} decide: swapping them flips {100 * found.flips.value:.1f} % of decisions, "
        f"and rewording {100 * found.control.value:.1f} %"
    )

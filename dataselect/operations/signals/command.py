"""`dataselect signals`: numbers that speech and translation corpora are filtered by."""

from __future__ import annotations

from dataclasses import dataclass

from dataselect.command_line.ending import finish
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.normalization_options import NamedNormalizationOptions
from dataselect.command_line.option import option
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.errors import OptionError

_SIGNALS = "Signals"


@dataclass(frozen=True)
class SignalOptions:
    """What is computed, of which fields."""

    reference_field: str | None = option(
        "FIELD", _SIGNALS, "Another text: adds cer and wer of the text against it, 0.1 for 10 %."
    )
    agreement_fields: str | None = option(
        "FIELDS",
        _SIGNALS,
        "An n-best list, or several texts with commas between them: adds agreement, 1 less the "
        "mean character error rate of two of them.",
    )
    duration_field: str | None = option(
        "FIELD", _SIGNALS, "Seconds: adds words_per_second and chars_per_second."
    )
    script: str | None = option(
        "NAMES",
        _SIGNALS,
        "Unicode scripts, such as Latin or Han,Hiragana,Katakana: adds outside_script, the share "
        "of letters of others.",
    )
    flag: list[str] | None = option(
        "CONDITION",
        _SIGNALS,
        "List this in 'flags' where it holds, such as 'cer>0.3'; again for several.",
    )
    drop_flagged: bool = option("", _SIGNALS, "Leave out records that have a flag.", False)
    by: str | None = option("SIGNAL", "Selection", "The signal that selection goes by.")


USUAL = (
    "reference_field text_field duration_field agreement_fields script flag drop_flagged by "
    "threshold normalise output report"
)
EXAMPLES = r"""
dataselect signals --text-field pred_text --reference-field text --by cer --threshold 0.1 \
    -o agreed.jsonl manifest.jsonl
dataselect signals --duration-field duration --flag 'words_per_second>5' -o rates.jsonl \
    manifest.jsonl
"""


def command(
    inputs: InputOptions,
    computed: SignalOptions,
    normalizing: NamedNormalizationOptions,
    selection: SelectionOptions,
    run: RunOptions,
    engine: EngineOptions,
) -> None:
    """Add the numbers of each record that speech and translation corpora are filtered by.

    Adds 'signals': of the text its unique_word_ratio, longest_word_run and longest_character_run
    (the most times that the same words, or characters, stand in a row) and longest_word; and what
    the options ask for.
    """
    from dataselect.operations.signals.flags import parse_flags
    from dataselect.operations.signals.scorer import SignalScorer

    rule, settings = selection.build(), run.build()
    if rule.selects and computed.by is None:
        raise OptionError("--by SIGNAL tells what the selection goes by; give it, such as --by cer")
    scorer = SignalScorer(
        text_field=settings.text_field,
        reference_field=computed.reference_field,
        duration_field=computed.duration_field,
        agreement_fields=tuple(filter(None, (computed.agreement_fields or "").split(","))),
        script=computed.script,
        normalization=normalizing.build(),
        flags=parse_flags(computed.flag or ()),
        drop_flagged=computed.drop_flagged,
        by=computed.by,
    )
    pool = engine.open(inputs, run, rule, settings)
    with engine.job(pool, settings, also_read=selection.reads()) as job:
        result = job.apply(scorer, rule)
    finish(result, settings)

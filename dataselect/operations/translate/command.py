"""`dataselect translate`: texts to n-best lists by a sequence-to-sequence model."""

from __future__ import annotations

from typing import Annotated

from dataselect.command_line.ending import finish
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.option import option
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.operations.translate.options import AlignmentOptions, TranslatorOptions

USUAL = (
    "model nbest beam source_lang target_lang temperature cache align_on threshold output report "
    "jobs"
)
EXAMPLES = r"""
dataselect translate --model opus-mt-de-en --nbest 10 --align-on pairs.jsonl -o nbest.jsonl \
    annotated.de.jsonl
dataselect translate --model nllb.ct2 --source-lang deu_Latn --target-lang eng_Latn --jobs 2 \
    --cache translations -o nbest.jsonl.gz annotated.de.jsonl
"""


def command(
    inputs: InputOptions,
    model: Annotated[
        str,
        option(
            "MODEL",
            "Model",
            "A sequence-to-sequence model: a folder of transformers (Marian, NLLB, M2M, mBART) or "
            "CTranslate2, or a name of the Hugging Face hub.",
        ),
    ],
    translating: TranslatorOptions,
    aligning: AlignmentOptions,
    selection: SelectionOptions,
    run: RunOptions,
    engine: EngineOptions,
) -> None:
    """Translate texts to n-best lists with scores.

    Adds 'nbest', hypotheses with their 'text', 'score' and 'tokens', best first, as rescore reads
    them, and 'translation', the first of them. The score is the natural log-probability of the
    tokens and the end of the sentence, over their number to the power of --length-penalty.

    With --align-on, where records have slots so have hypotheses, and 'slots_confidence'. Pickled
    weights, and code of a model, are never loaded. A file called train is ./train.
    """
    from dataselect.operations.translate.scorer import TranslateScorer

    settings, rule = run.build(), selection.build()
    translator = translating.build(model, settings.seed)
    pool = engine.open(inputs, run, rule, settings)
    with engine.job(pool, settings, also_read=[*aligning.reads(), *selection.reads()]) as job:
        translator.check()
        scorer = TranslateScorer(
            translator,
            aligner=aligning.aligner(settings.seed),
            text_field=settings.text_field,
            slots_field=aligning.slots_field,
        )
        result = job.apply(scorer, rule)
    finish(result, settings)

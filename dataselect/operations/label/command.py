"""`dataselect label`: intents and slots by models of annotated records, and of the pool."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dataselect.command_line.encoder_options import NeuralOptions
from dataselect.command_line.ending import finish, note, save
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.option import given, option
from dataselect.command_line.options import InputOptions, ModelOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.errors import OptionError
from dataselect.operations.label.options import LearningOptions, can_learn_slots, open_encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings
    from dataselect.models.intent_classifier.intent_classifier import IntentClassifier
    from dataselect.models.slot_tagger.slot_tagger import SlotTagger

    Models = tuple[IntentClassifier, SlotTagger | None]

_LABELS = "Labels"
_WITHOUT_ENCODER = (
    "intents were learnt without an encoder: --encoder all-MiniLM-L6-v2 made a third fewer errors "
    "in our tests (dataselect help label)"
)
_UNFILTERED = "without one, --unfiltered POOL learns words from the pool before it was filtered"

USUAL = (
    "labelled background unfiltered rounds encoder model save_model fit_only min_confidence "
    "keep_other output report jobs"
)
EXAMPLES = r"""
dataselect label --labelled annotated.jsonl --unfiltered pool.jsonl.gz --no-slots \
    --min-confidence 0.8 -o labelled.jsonl relevant.jsonl
dataselect label --labelled annotated.jsonl --rounds 0 --fit-only --save-model intents.model
"""


def command(
    inputs: InputOptions,
    learning: LearningOptions,
    encoding: NeuralOptions,
    selection: SelectionOptions,
    run: RunOptions,
    fitted: ModelOptions,
    engine: EngineOptions,
    min_confidence: float | None = option(
        "X",
        _LABELS,
        "Leave records of a lower confidence, of the intent or of the slots, out, whatever the "
        "selection keeps; --threshold cuts by the intent's alone.",
        min=0,
        max=1,
    ),
    keep_other: bool = option("", _LABELS, "Keep records that are labelled 'other', too.", False),
    no_slots: bool = option(
        "",
        _LABELS,
        "Label intents alone. Slots are learnt where labelled records have any; that needs pip "
        "install python-crfsuite.",
        False,
    ),
    uncalibrated: bool = option(
        "",
        _LABELS,
        "Leave confidence as it comes, too sure or too modest, and learn from the input whether "
        "that helps or not: a fraction of the time.",
        False,
    ),
) -> None:
    """Label records by models trained on annotated ones, and on the pool itself.

    Adds 'intent' and 'confidence', the probability that the intent is right, calibrated on
    held-out labelled records. The classifier is logistic regression on words, pairs of words, the
    characters inside words and word vectors learnt from the pool, or on the vectors of --encoder.
    It first learns from the labelled records, then labels the input in rounds and learns from that
    as well, where it helps with labelled records held out. With a --background, records may be
    'other', and such are dropped.

    Where labelled records have slots, adds 'slots', each with its confidence, and
    'slots_confidence', the probability that they are all right, by a conditional random field that
    knows the intent. Slots that records have already stay.
    """
    from dataselect.data.input_files import Inputs
    from dataselect.operations.label.label_model import load
    from dataselect.operations.label.scorer import LabelScorer

    settings, rule = run.build(), selection.build()
    if fitted.model is None and not learning.labelled:
        raise OptionError("give --labelled FILE to learn from, or a saved --model FILE")
    fitted.check(settings, given(learning) + ["--uncalibrated"] * uncalibrated)
    encoding.check(fitted.model)
    learning.check(encoding.encoder)
    if fitted.fit_only and not learning.rounds:  # then nobody reads the pool
        pool = Inputs([os.devnull])
    else:
        pool = engine.open(inputs, run, rule, settings)
    read = [*learning.reads(), *fitted.reads(), *selection.reads()]
    with engine.job(pool, settings, also_read=read, only_fits=fitted.fit_only) as job:
        job.open_file(fitted.save_model)
        if fitted.model is not None:
            classifier, tagger = load(fitted.model, open_encoder(encoding, fitted.model))
        else:
            classifier, tagger = _trained(
                learning, encoding, pool, settings, slots=not no_slots, uncalibrated=uncalibrated
            )
        scorer = LabelScorer(
            classifier,
            None if no_slots else tagger,
            min_confidence=min_confidence,
            keep_other=keep_other,
            text_field=settings.text_field,
            weight_field=learning.weight_field,
        )
        if save(fitted, scorer, job):
            return
        result = job.apply(scorer, rule)
    finish(result, settings)
    if fitted.model is None and encoding.encoder is None:
        more = [] if learning.unfiltered or learning.no_vectors else [_UNFILTERED]
        note("; ".join([_WITHOUT_ENCODER, *more]), quiet=settings.quiet)


def _trained(
    learning: LearningOptions,
    encoding: NeuralOptions,
    pool: Inputs,
    settings: Settings,
    *,
    slots: bool,
    uncalibrated: bool,
) -> Models:
    """Train on the files that the options name: a slot tagger where labelled records have slots."""
    import numpy as np

    from dataselect.console import Steps
    from dataselect.data.sampling import sample_items
    from dataselect.models.intent_classifier.intent_classifier import (
        POOL_SIZE,
        VECTOR_TEXTS,
        IntentClassifier,
    )
    from dataselect.models.slot_tagger.slot_tagger import SlotTagger

    rng = np.random.default_rng(settings.seed)
    labelled = learning.labelled_records(settings)
    background = learning.background_texts(settings.text_field, rng)
    unfiltered = learning.unfiltered_texts(settings.text_field, rng)
    classifier = IntentClassifier(
        rounds=learning.rounds,
        uncalibrated=uncalibrated,
        encoder=None if encoding.encoder is None else encoding.neural(encoding.encoder),
        no_vectors=learning.no_vectors,
    )
    own: list[str] = []
    weights = np.empty(0)
    if learning.rounds:
        own, weights = _input_texts(pool, VECTOR_TEXTS, learning.weight_field, settings, rng)
    learnt = sample_items(range(len(own)), POOL_SIZE, rng)
    texts, intents = [each.text for each in labelled], [each.intent or "" for each in labelled]
    with Steps(quiet=settings.quiet) as report:
        classifier.fit_sampled(
            texts,
            intents,
            background,
            [own[place] for place in learnt],
            rng,
            report,
            pool_weights=weights[learnt],
            unfiltered=unfiltered or own,
        )
        if not slots or not can_learn_slots(labelled, settings):
            return classifier, None
        tagger = SlotTagger(uncalibrated=uncalibrated, seed=settings.seed)
        annotated = texts, intents, [each.slots for each in labelled]
        tagger.fit_reported(*annotated, own, report)
    return classifier, tagger


def _input_texts(
    pool: Inputs,
    size: int,
    weight_field: str | None,
    settings: Settings,
    rng: np.random.Generator,
) -> tuple[list[str], NDArray[np.float64]]:
    """Texts of the input to learn from, drawn, and the weight of each.

    Raises RequirementError where there is none.
    """
    import numpy as np

    from dataselect.data.fields import Column
    from dataselect.data.sampling import no_good_record, sample_columns
    from dataselect.execution.run import FAIL

    pool.keep_for_rereading()
    columns = [Column.text(settings.text_field)]
    columns += [] if weight_field is None else [Column.weight(weight_field)]
    texts, *weights = sample_columns(pool, columns, size, rng, strict=settings.on_error == FAIL)
    if not texts:
        raise no_good_record(pool, columns, " to learn from; check it, or give --rounds 0")
    return texts, np.array(weights[0]) if weights else np.ones(len(texts))

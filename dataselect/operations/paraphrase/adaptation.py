"""A detector made to fit the texts at hand: statistics of their words, and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataselect.data.input_files import Inputs
from dataselect.data.sampling import read_columns, sample_columns
from dataselect.errors import InputError
from dataselect.execution.run import FAIL
from dataselect.models.paraphrase_detector.calibration import (
    at_prior,
    calibrated,
    expected_calibration_error,
)
from dataselect.models.paraphrase_detector.detector import UNLIKE, SavedDetector
from dataselect.models.paraphrase_detector.pairs.pair_reader import label_column

if TYPE_CHECKING:
    from dataselect.data.fields import Column
    from dataselect.execution.run import Settings

_SAMPLE = 10_000  # records of the input


def sampled(pool: Inputs, wanted: Sequence[Column], settings: Settings) -> list[list[Any]]:
    """The texts of some records of the pool, a list a column; the pool can be read again."""
    pool.keep_for_rereading()
    rng = np.random.default_rng(settings.seed)
    return sample_columns(pool, wanted, _SAMPLE, rng, strict=settings.on_error == FAIL)


def calibrated_on(
    detector: SavedDetector, labelled: Inputs, texts: Sequence[Column]
) -> tuple[SavedDetector, dict[str, Any]]:
    """The detector calibrated on labelled pairs, and how far off it was before."""
    ones, others, found = read_columns(labelled, [*texts, label_column()])
    labels = np.array(found, np.int64)
    if len(set(labels.tolist())) < 2:
        raise InputError(
            "--calibrate-on: there are not pairs of both labels; give some of 0 and some of 1"
        )
    logits = detector.logits(list(zip(ones, others, strict=True)))
    before = expected_calibration_error(detector.loaded.calibration(logits), labels)
    fitted = detector.calibrated(calibrated(logits, labels))
    return fitted, {"pairs": len(found), "calibration_error_before": round(before, 4)}


def at_share(
    detector: SavedDetector, pairs: Sequence[tuple[str, str]], prior: float
) -> SavedDetector:
    """The detector with the offset by which `prior` is the mean probability of some pairs."""
    if not pairs:
        return detector
    logits = detector.logits(pairs)
    return detector.calibrated(at_prior(detector.loaded.calibration, logits, prior))


def unlike_training(detector: SavedDetector, texts: Sequence[str]) -> list[str]:
    """A warning where most of the words of the texts are new to the detector."""
    share = detector.as_saved.new_share(texts)
    if share < UNLIKE:
        return []
    said = (
        f"{share:.0%} of the words are new to the detector: on corpora unlike those that it was "
        "trained on, its probabilities were off by 0.12 on average, and by up to 0.33; say the "
        "share of paraphrases with --prior, or calibrate with --calibrate-on"
    )
    return [said]

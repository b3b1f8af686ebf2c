"""A detector from training pairs: what is held out, what is learnt, and how good it is."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report
from dataselect.data.annotations import Utterance
from dataselect.errors import InputError
from dataselect.models.cross_validation import roc_auc
from dataselect.models.encoders import loading
from dataselect.models.paraphrase_detector.batching import parts
from dataselect.models.paraphrase_detector.calibration import (
    calibrated,
    expected_calibration_error,
    held_out,
)
from dataselect.models.paraphrase_detector.detector import Detector, Reader
from dataselect.models.paraphrase_detector.pairs.generation import TrainingPair
from dataselect.models.paraphrase_detector.pairs.templates import canonical
from dataselect.models.paraphrase_detector.retrieval_encoder import bag_of_pieces
from dataselect.models.paraphrase_detector.words.word_statistics import WordStatistics

if TYPE_CHECKING:
    from dataselect.models.paraphrase_detector.training.network_training import Schedule

_HELD_OUT_SHARE = 0.1
_NEIGHBOURS = 20  # texts


def hold_out(
    pairs: Sequence[TrainingPair], rng: np.random.Generator
) -> tuple[list[TrainingPair], list[TrainingPair]]:
    """Pairs to train on, and a tenth to hold out; no text is in both.

    What is held out hangs together by common texts, so that few pairs link it to the others; those
    that do are left out. Raises InputError where nothing remains.
    """
    ranks = _ranks(pairs, rng)
    ends = np.array([[ranks[text] for text in _texts(pair)] for pair in pairs])
    last = np.sort(ends.max(axis=1))[math.ceil(_HELD_OUT_SHARE * len(pairs)) - 1]
    rest = [pair for pair, place in zip(pairs, ends.min(axis=1), strict=True) if place > last]
    if not rest:
        raise InputError("too few pairs to hold some out, texts apart; give more, or use --dev")
    held_out = zip(pairs, ends.max(axis=1), strict=True)
    return rest, [pair for pair, place in held_out if place <= last]


def _texts(pair: TrainingPair) -> tuple[str, str]:
    return canonical(pair.one.text), canonical(pair.other.text)


def _ranks(pairs: Sequence[TrainingPair], rng: np.random.Generator) -> dict[str, int]:
    """Texts by short breadth-first searches, each from one at random.

    Long ones would rank all texts of an intent before those of another.
    """
    partners: dict[str, list[str]] = defaultdict(list)
    for one, other in map(_texts, pairs):
        partners[one].append(other)
        partners[other].append(one)
    texts = list(partners)
    ranks: dict[str, int] = {}
    for start in rng.permutation(len(texts)).tolist():
        waiting, end = deque([texts[start]]), len(ranks) + _NEIGHBOURS
        while waiting and len(ranks) < end:
            text = waiting.popleft()
            if text not in ranks:
                ranks[text] = len(ranks)
                waiting.extend(partners[text])
    return ranks


@dataclass(frozen=True)
class DetectorQuality:
    """How well a detector tells held-out pairs.

    `trained_on` and `pairs` count those of training and those held out. `auc` is of all of these,
    `by_kind` of one kind of negative pairs and all paraphrases; `calibration_error` is expected
    of a calibration on other held-out pairs.
    """

    trained_on: int
    pairs: int
    auc: float
    by_kind: dict[str, float]
    calibration_error: float


def aucs(
    pairs: Sequence[TrainingPair], scores: NDArray[np.float64]
) -> tuple[float, dict[str, float]]:
    """Area under the ROC curve of all pairs, and by kind of negative pair against all others."""
    labels = _labels(pairs)
    kinds = np.array([pair.kind for pair in pairs])
    by_kind = {}
    for kind in sorted(set(kinds[labels == 0].tolist())):
        chosen = (labels == 1) | (kinds == kind)
        by_kind[kind] = _auc(labels[chosen], scores[chosen])
    return _auc(labels, scores), by_kind


def _auc(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    return round(roc_auc(labels == 1, scores), _DECIMALS)


_DECIMALS = 6


def _labels(pairs: Sequence[TrainingPair]) -> NDArray[np.int64]:
    """(n,) label of each pair."""
    return np.array([pair.label for pair in pairs], np.int64)


def fit(
    pairs: Sequence[TrainingPair],
    development: Sequence[TrainingPair],
    schedule: Schedule,
    seed: int,
    report: Report,
    *,
    base: str | None = None,
    device: str | None = None,
) -> tuple[Detector, DetectorQuality]:
    """A detector trained on pairs, calibrated on others, and how good it is on these.

    Without `development`, some pairs are held out. `base`: a sentence-transformers model to
    fine-tune, and to find candidates with. `report` begins a piece of work of a known size, as
    `progress.Steps` does. Raises InputError where a label is missing, or the base cannot be used.
    """
    rng = np.random.default_rng(seed)
    pairs, development = _divided(pairs, development, rng)
    if base is None:
        encoder = bag_of_pieces([side.text for pair in pairs for side in _sides(pair)], device)
        reader = _from_scratch(pairs, schedule, seed, encoder, report)
    else:
        encoder = loading.load(base, device)
        pairs = schedule.enough(pairs, rng)
        reader = _fine_tuned(pairs, schedule, seed, base, encoder, report)
    logits = reader.logits([parts(side) for pair in development for side in _sides(pair)])
    labels = _labels(development)
    error = expected_calibration_error(held_out(logits, labels, rng), labels)
    figures = DetectorQuality(len(pairs), len(development), *aucs(development, logits), error)
    return Detector(reader, encoder, calibrated(logits, labels)), figures


def _sides(pair: TrainingPair) -> tuple[Utterance, Utterance]:
    return pair.one, pair.other


def _from_scratch(
    pairs: Sequence[TrainingPair], schedule: Schedule, seed: int, encoder: Any, report: Report
) -> Reader:
    """Networks, each with a seed of its own, on the device of the encoder."""
    from dataselect.models.paraphrase_detector.ensemble import Ensemble
    from dataselect.models.paraphrase_detector.training.network_training import trained

    advance = report("training", len(pairs) * schedule.shown(len(pairs)) * schedule.networks)
    statistics = WordStatistics.fit([side.text for pair in pairs for side in _sides(pair)])
    networks = [
        trained(pairs, statistics.words, schedule, number, seed, encoder.device, advance)
        for number in range(schedule.networks)
    ]
    return Ensemble(schedule.size, networks, statistics, statistics.words)


def _fine_tuned(
    pairs: Sequence[TrainingPair],
    schedule: Schedule,
    seed: int,
    base: str,
    encoder: Any,
    report: Report,
) -> Reader:
    """A cross-encoder made of the base."""
    from dataselect.models.paraphrase_detector.training.fine_tuning import fine_tuned

    epochs = schedule.shown(len(pairs))
    advance = report("fine-tuning", len(pairs) * epochs)
    try:
        return fine_tuned(pairs, epochs, seed, encoder, advance)
    except ValueError as error:
        raise InputError(f"{base}: {error}; name another --base, or train without") from None


def _divided(
    pairs: Sequence[TrainingPair], development: Sequence[TrainingPair], rng: np.random.Generator
) -> tuple[Sequence[TrainingPair], Sequence[TrainingPair]]:
    """Pairs to train on and pairs held out, both of both labels."""
    _check_labels(pairs, "of the input")
    if not development:
        pairs, development = hold_out(pairs, rng)
        _check_labels(pairs, "left to train on")
    _check_labels(development, "held out")
    return pairs, development


def _check_labels(pairs: Sequence[TrainingPair], which: str) -> None:
    labels = {pair.label for pair in pairs}
    if len(labels) < 2:
        only = f"all have the label {labels.pop()}" if labels else "there are none"
        raise InputError(f"pairs {which}: {only}; give pairs of both labels, 0 and 1")

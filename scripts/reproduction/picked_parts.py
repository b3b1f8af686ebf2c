"""Self-training with a part of what is relevant: how much of the gain is left, by how it is picked.

The cases of self-training. A classifier that learnt from the relevant part guesses its intents, and
5, 10, 25 and 50 % of it are picked by the default of `diversity`. Another classifier learns from
annotated utterances and picks, or from as many at random; and with 10 and 50 % also from picks
without their weights, from picks by n-grams, and from what is truly in-domain; with 10 % from picks
by a paraphrase detector, as Cho et al. have it, trained on SNIPS and ATIS, or on one of the two
where the other is the domain (half of SNIPS would take it minutes). Beside a background,
where "other" is an intent, intents take no turns and picks have no weights. The gain is what all of
the relevant part takes off the error of annotated text alone. Everything but `relevance` is done by
the Python API, and word vectors are learnt from the whole pool once.

That picks have no weights beside a background was decided on these cases: with them, 10 % of the
relevant part had an error of 15.6 % there, without them 15.2, by chance 15.2, all of it 15.7.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Claim, Plan, Table
from detectors import detectors
from hidden_domains import Case, lay_out, wrong
from numpy.typing import NDArray
from self_training import SETTINGS

from dataselect import Diversity, IntentClassifier
from dataselect.models.encoders.base import coarse
from dataselect.models.intent_classifier.intent_classifier import OTHER
from dataselect.models.intent_classifier.vector_views import WordVectors
from dataselect.models.near_duplicates import first_places
from dataselect.operations.diversity.objectives.factory import ObjectiveFactory

_SHARES = (5, 10, 25, 50)
_CONTROLLED = (10, 50)  # shares at which other ways are measured, too
_SMALL = 10  # the share at which all are
_ALONE, _ALL = "annotated only", "+ all of the relevant part"
_CHANCE, _INSIDE, _FEATURES = "by chance", "truly in-domain, by chance", "by features"
_UNWEIGHTED, _PICKED = "by diversity, without weights", "by diversity"
_DETECTED = "by paraphrase"
_CONTROLS = (_INSIDE, _FEATURES, _UNWEIGHTED)


def measure(plan: Plan) -> list[Table]:
    """Errors in percent, what is left of the gain, and differences to chance."""
    settings = [*SETTINGS]
    errors = Table(f"error, %, {plan.seeds} seeds", settings, digits=2)

    def measured(case: tuple[str, int]) -> dict[str, float]:
        name, seed = case
        return _measured(SETTINGS[name](plan.data, seed), seed, paths[name])

    cases = [(name, seed) for seed in range(plan.seeds) for name in settings]
    with tempfile.TemporaryDirectory() as folder:
        paths = detectors(plan.data, Path(folder), settings)
        for (name, _), found in plan.each(plan.kept(measured), cases):
            for way, figure in found.items():
                errors.add(way, name, figure)
    pairs = [
        (_row(way, share), _row(_CHANCE, share))
        for share in _SHARES
        for way in (*_controls(share), _PICKED)
        if way in (_FEATURES, _DETECTED, _PICKED)
    ]
    errors.notes += [errors.paired_changes(pairs), "", _gains(errors)]
    half, tenth = (_kept(errors, _row(_PICKED, share)) for share in (50, 10))
    errors.claims += [
        Claim("of the gain is kept by half of the relevant part, picked", 95, [half]),
        Claim(
            "of the gain more than by chance, by a tenth",
            10,
            [tenth - _kept(errors, _row(_CHANCE, 10))],
            unit="points",
        ),
    ]
    return [errors]


def _controls(share: int) -> tuple[str, ...]:
    """Other ways that are measured at a share."""
    if share not in _CONTROLLED:
        return ()
    return (*_CONTROLS, _DETECTED) if share == _SMALL else _CONTROLS


def _row(way: str, share: int) -> str:
    return f"+ {share} %, {way}"


def _kept(errors: Table, row: str, settings: list[str] | None = None) -> float:
    """What a row keeps of the gain, in percent: both summed over settings and seeds."""
    columns = settings or errors.columns

    def total(name: str) -> float:
        return sum(sum(errors.rows[name][column]) for column in columns)

    return 100 * (total(_ALONE) - total(row)) / (total(_ALONE) - total(_ALL))


def _gains(errors: Table) -> str:
    """A table of what is kept of the gain, by setting and of all."""
    lines = ["| of the gain is kept, % | " + " | ".join([*errors.columns, "all"]) + " |"]
    lines.append("|---" * (len(errors.columns) + 2) + "|")
    for share in _SHARES:
        for way in (_CHANCE, *_controls(share), _PICKED):
            row = _row(way, share)
            kept = [_kept(errors, row, [setting]) for setting in errors.columns]
            cells = " | ".join(f"{each:.0f}" for each in [*kept, _kept(errors, row)])
            lines.append(f"| {row} | {cells} |")
    return "\n".join(lines)


def _measured(case: Case, seed: int, detector: str) -> dict[str, float]:
    """The error of each way to use the relevant part."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        relevant = [record["id"] for record in lay_out(Path(name), case)]
    recogniser = _Recogniser.of(case)
    text_of = {record["id"]: record["text"] for record in case.pool}
    texts = [text_of[each] for each in relevant]
    inside = [text_of[each] for each in sorted(case.inside)]
    rng.shuffle(inside)
    everything = recogniser.learnt(texts)
    found = {_ALONE: recogniser.error([]), _ALL: wrong(everything, case.test)}
    guesses = everything.predict(texts).tolist()
    is_beside = OTHER in guesses
    picks = _Picks.of(texts, recogniser.annotated, None if is_beside else guesses)
    by_chance = np.array(rng.sample(range(len(texts)), len(texts)))
    by_features = (
        Diversity(method="features").fit(recogniser.annotated).select(texts, len(texts) // 2)
    )

    by_detector = Diversity(detector=detector).fit(recogniser.annotated)

    def error(places: NDArray[np.intp], weights: NDArray[np.intp] | None = None) -> float:
        return recogniser.error([texts[place] for place in places.tolist()], weights)

    for share in _SHARES:
        size = max(1, len(texts) * share // 100)
        picked, weights = picks.places[:size], None if is_beside else picks.weights(size)
        found[_row(_CHANCE, share)] = error(by_chance[:size])
        if share in _CONTROLLED:
            found[_row(_INSIDE, share)] = recogniser.error(inside[:size])
            found[_row(_FEATURES, share)] = error(by_features[:size])
            found[_row(_UNWEIGHTED, share)] = error(picked)
        if share == _SMALL:
            found[_row(_DETECTED, share)] = error(by_detector.select(texts, size))
        found[_row(_PICKED, share)] = error(picked, weights)
    return found


@dataclass(frozen=True)
class _Recogniser:
    """Learns intents from annotated texts and from some of the pool, and is tried on the test set.

    `unfiltered`: word vectors of the whole pool, or its texts where there are too few for any.
    """

    case: Case
    annotated: list[str]
    background: list[str]
    unfiltered: WordVectors | list[str]

    @classmethod
    def of(cls, case: Case) -> _Recogniser:
        parts = (case.annotated, case.background or [], case.pool)
        annotated, background, pool = ([record["text"] for record in part] for part in parts)
        vectors = WordVectors.learn([*annotated, *background, *pool])
        return cls(case, annotated, background, vectors or pool)

    def error(self, texts: Sequence[str], weights: NDArray[np.intp] | None = None) -> float:
        """In percent, with some texts of the pool; `weights`: what each counts."""
        return wrong(self.learnt(texts, weights), self.case.test)

    def learnt(
        self, texts: Sequence[str], weights: NDArray[np.intp] | None = None
    ) -> IntentClassifier:
        rounds = 3 if texts else 0
        return IntentClassifier(rounds=rounds, uncalibrated=True).fit(
            self.annotated,
            [record["intent"] for record in self.case.annotated],
            background=self.background,
            pool=texts,
            pool_weights=weights,
            unfiltered=self.unfiltered,
        )


@dataclass(frozen=True)
class _Picks:
    """Picks by the default of `diversity`, the first so many of which are a smaller pick.

    `places` (k,). `vectors` (n, d) of texts that are no copies, `counts` (n,) how many texts each
    stands for, and `picked` (k, d) vectors of picks.
    """

    places: NDArray[np.intp]
    vectors: NDArray[np.float16]
    counts: NDArray[np.intp]
    picked: NDArray[np.float32]

    @classmethod
    def of(cls, texts: list[str], annotated: list[str], groups: list[str] | None) -> _Picks:
        encoder = ObjectiveFactory("facility", annotated).encoder(texts)
        assert encoder is not None
        diversity = Diversity(encoder=encoder).fit(annotated)
        places = diversity.select(texts, len(texts) // 2, groups=groups)
        vectors = coarse(encoder.encode(texts, unit=True))
        first = first_places([*annotated, *texts])[len(annotated) :] - len(annotated)
        distinct, counts = np.unique(first[first >= 0], return_counts=True)
        found = cls(places, vectors[distinct], counts, vectors[places].astype(np.float32))
        assert diversity.weights_ is not None
        assert (found.weights(len(places)) == diversity.weights_).all()
        return found

    def weights(self, size: int) -> NDArray[np.intp]:
        """(size,) how many texts are nearest to each of the first picks, 1 at least."""
        nearest = [
            (rows.astype(np.float32) @ self.picked[:size].T).argmax(axis=1)
            for rows in np.array_split(self.vectors, 1 + len(self.vectors) // 1024)
        ]
        found = np.bincount(np.concatenate(nearest), self.counts, size)
        return np.maximum(found.astype(np.intp), 1)

"""Slot F1 against seqeval, which computed the figures here once, from these very tags."""

import random

import numpy as np
import pytest

from dataselect.models.metrics import SlotF1
from dataselect.models.metrics.bootstrap import interval, paired_bootstrap

NAMES = ["artist", "city", "date"]
Span = tuple[str, int, int]


def drawn_tags(rng: random.Random, length: int) -> list[str]:
    tags: list[str] = []
    name = ""
    for _ in range(length):
        draw = rng.random()
        if name and draw < 0.35:
            tags.append(f"I-{name}")
        elif draw < 0.6:
            name = rng.choice(NAMES)
            tags.append(f"B-{name}")
        else:
            name = ""
            tags.append("O")
    return tags


def disturbed(rng: random.Random, tags: list[str]) -> list[str]:
    found: list[str] = []
    for tag in tags:
        before = found[-1][2:] if found else ""
        if rng.random() < 0.15:
            found.append(rng.choice(["O", *[f"B-{name}" for name in NAMES]]))
        else:
            found.append(f"B{tag[1:]}" if tag[0] == "I" and before != tag[2:] else tag)
    return found


def spans(tags: list[str]) -> set[Span]:
    begins = [place for place, tag in enumerate(tags) if tag[0] == "B"]
    ends = [
        next((at for at in range(place + 1, len(tags)) if tags[at][0] != "I"), len(tags))
        for place in begins
    ]
    return {(tags[start][2:], start, end) for start, end in zip(begins, ends, strict=True)}


RNG = random.Random(5)
TRUE = [drawn_tags(RNG, 8) for _ in range(40)]
GIVEN = [disturbed(RNG, tags) for tags in TRUE]
# seqeval 1.2.2, scheme IOB2, mode strict: precision, recall, F1, support.
SEQEVAL = {
    "artist": (0.690909, 0.863636, 0.767677, 44),
    "city": (0.741379, 0.843137, 0.788991, 51),
    "date": (0.568182, 0.694444, 0.625000, 36),
}
SEQEVAL_MICRO_F1 = 0.736111


def test_figures_are_those_of_seqeval() -> None:
    given, true = list(map(spans, GIVEN)), list(map(spans, TRUE))
    metric = SlotF1.of(given, true)
    sums = metric.statistics(given, true).sum(axis=0)
    assert float(metric.value(sums)) / 100 == pytest.approx(SEQEVAL_MICRO_F1, abs=1e-6)
    for name, expected in SEQEVAL.items():
        *shares, support = metric.counts(sums)[name].values()
        assert [share / 100 for share in shares] == pytest.approx(expected[:3], abs=1e-6)
        assert support == expected[3]


def test_a_better_system_wins_on_the_same_draws() -> None:
    given, true = list(map(spans, GIVEN)), list(map(spans, TRUE))
    metric = SlotF1.of(given, true)
    poor, perfect = (metric.statistics(each, true) for each in (given, true))
    found = paired_bootstrap(metric, poor, perfect, np.random.default_rng(0), 200)
    assert found.difference == pytest.approx(100 - 100 * SEQEVAL_MICRO_F1, abs=1e-3)
    assert found.p_value < 0.01
    assert found.wins == 1
    bounds = interval(metric, poor, np.random.default_rng(0), 200)
    assert bounds.low < 100 * SEQEVAL_MICRO_F1 < bounds.high

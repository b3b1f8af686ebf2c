"""The weight of the language model where nobody gives one."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from conftest import Inside

from dataselect.models.language_model.trained_model import KneserNey
from dataselect.operations.rescore.default_weight import Excess, excess

SONGS = [f"{verb} {name}" for verb in ("play", "sing", "stop") for name in ("jazz", "abba", "it")]
NOISE = ["rain jazz in", "oslo oslo play", "the it was"]


@pytest.mark.parametrize(
    ("first", "error", "weight"),
    [(3.0, 0.0, 0.3), (4.0, 0.0, 0.3), (4.3, 0.1, 0.9), (4.3, 0.4, 0.3), (9.0, 0.1, 2.0)],
)
def test_the_weight_rises_with_what_is_beyond_chance(
    first: float, error: float, weight: float
) -> None:
    assert Excess(first, 4.0, error).weight == pytest.approx(weight)


def test_excess_is_of_models_that_did_not_see_the_text() -> None:
    """Two texts: each is scored by the model of the other, and so is what is compared."""
    found = excess(["play it"], ["play jazz", "sing abba"], 2, np.random.default_rng(0))
    assert found is not None
    bits, first = 0.0, 0.0
    for own, other in (("play jazz", "sing abba"), ("sing abba", "play jazz")):
        model = KneserNey(order=2).fit([other])
        bits -= float(model.score([own])[0])
        first -= float(model.score(["play it"])[0])
        model.close()
    assert found.in_domain == pytest.approx(bits * math.log(10) / 6)
    assert found.first == pytest.approx(first * math.log(10) / 6)


def test_noise_surprises_more_than_text_like_the_in_domain_text() -> None:
    rng = np.random.default_rng(0)
    like, unlike = (excess(texts, SONGS, 2, rng) for texts in (SONGS[:3], NOISE))
    assert like is not None
    assert unlike is not None
    assert like.weight == pytest.approx(0.3)
    assert unlike.first - unlike.in_domain > like.first - like.in_domain


@pytest.mark.parametrize(("firsts", "in_domain"), [([], SONGS), (SONGS, SONGS[:1]), (SONGS, [])])
def test_nothing_to_compare(firsts: list[str], in_domain: list[str]) -> None:
    assert excess(firsts, in_domain, 2, np.random.default_rng(0)) is None


def write(path: Path, records: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(each) + "\n" for each in records))


def test_the_command_adapts_its_weight_to_the_lists(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "songs.jsonl", [{"text": text} for text in SONGS])
    weights = {}
    for name, firsts in (("good", SONGS), ("bad", NOISE * 3)):
        pairs = zip(firsts, SONGS, strict=True)
        lists = [[{"text": a, "score": -1}, {"text": b, "score": -2}] for a, b in pairs]
        write(tmp_path / f"{name}.jsonl", [{"nbest": own} for own in lists])
        inside(
            *("rescore", "-q", "--in-domain", "songs.jsonl", "--order", 2, f"{name}.jsonl"),
            *("-o", "out.jsonl", "--report", "report.json", "--save-weights", f"{name}.weights"),
        ).silent()
        report = json.loads((tmp_path / "report.json").read_text())["rescore"]
        weights[name] = report["weights"]["lm"]
        assert report["adapted"]["lm_weight"] == weights[name]
        assert (
            json.loads((tmp_path / f"{name}.weights").read_text())["weights"]["lm"]
            == (weights[name])
        )
    assert weights["good"] == pytest.approx(0.3)
    assert weights["bad"] > weights["good"]

"""Relevance of what several speakers said: weights, spelt n-grams, and what is refused."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside
from hypothesis import given
from hypothesis import strategies as st

from dataselect.errors import DataselectError
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.ngrams.speakers import Speakers, unsaid_buckets
from dataselect.operations.relevance.relevance import Relevance

texts = st.lists(st.sampled_from("abc"), max_size=5).map(" ".join)


@given(st.lists(st.tuples(st.sampled_from("xyz"), texts), max_size=10), st.integers(1, 3))
def test_buckets_of_few_speakers_are_those_of_sets(said: list[tuple[str, str]], least: int) -> None:
    ngrams, speakers = Ngrams(order=2), Speakers(least)
    speakers.add([speaker for speaker, _ in said])
    who = {(speaker, ngram) for speaker, text in said for _, ngram in ngrams.strings(text)}
    bucket = {ngram: place for _, text in said for place, ngram in ngrams.strings(text)}
    few = [ngram for ngram, count in Counter(ngram for _, ngram in who).items() if count < least]
    found = unsaid_buckets(ngrams, [text for _, text in said], speakers)
    assert found.tolist() == sorted({bucket[ngram] for ngram in few})


def test_an_ngram_that_shares_its_bucket_with_one_of_few_speakers_is_left_out() -> None:
    speakers = Speakers(2)
    speakers.add(["x", "y", "x"])
    found = unsaid_buckets(Ngrams(order=1, bits=1), ["a", "a", " ".join("bcdefghi")], speakers)
    assert found.tolist() == [0, 1]


SAID = [
    *[(f"speaker {n}", f"play some {kind}") for n in range(4) for kind in ("jazz", "rock")],
    *[("speaker 9", "play hilbert stampenborg")] * 6,
]
OTHER = [
    (f"speaker {n % 4}", f"it {verb} in {place}")
    for n in range(8)
    for verb in ("rains", "snows")
    for place in ("oslo", "paris")
]


@pytest.mark.parametrize("names", [("",), ("music", "more")])
def test_an_ngram_of_one_speaker_has_no_weight_and_no_spelling(names: tuple[str, ...]) -> None:
    sets = {name: [text for _, text in SAID] for name in names}
    speakers = [speaker for _ in names for speaker, _ in SAID] + [speaker for speaker, _ in OTHER]
    others = [text for _, text in OTHER]
    model = Relevance(min_speakers=3).fit(sets, others, speakers=speakers)
    plain = Relevance().fit(sets, others)
    for text, known in ("play some jazz", True), ("hilbert stampenborg", False):
        buckets = np.array([bucket for bucket, _ in Ngrams().strings(text)])
        assert plain.weights_.of_buckets(buckets).any()
        assert bool(model.weights_.of_buckets(buckets).any()) == known
    assert b"stampenborg" in plain.dumps()
    assert b"stampenborg" not in model.dumps()
    assert model.figures_["speakers"]["different"] == 5


def test_where_one_speaker_is_enough_the_weights_are_those_without_speakers() -> None:
    own, others = [text for _, text in SAID], [text for _, text in OTHER]
    speakers = [speaker for speaker, _ in (*SAID, *OTHER)]
    found = Relevance(min_speakers=1).fit(own, others, speakers=speakers)
    plain = Relevance().fit(own, others)
    np.testing.assert_array_equal(found.weights_.fixed, plain.weights_.fixed)


def write(path: Path, said: list[tuple[str, str]]) -> None:
    records: list[dict[str, Any]] = [{"text": text, "speaker": who} for who, text in said]
    path.write_text("".join(json.dumps(each) + "\n" for each in records))


def test_the_command_does_as_the_model_and_explain_fits_it_again(
    tmp_path: Path, inside: Inside
) -> None:
    write(tmp_path / "own.jsonl", SAID)
    write(tmp_path / "pool.jsonl", OTHER + SAID[-1:])
    asked = ("--in-domain", "own.jsonl", "--min-speakers", "3", "--explain", "5")
    for jobs in "1", "2":
        kept = ("--report", "run.json", "-j", jobs, "-o", f"kept{jobs}.jsonl", "pool.jsonl")
        inside("relevance", "-q", *asked, *kept).silent()
    assert (tmp_path / "kept1.jsonl").read_bytes() == (tmp_path / "kept2.jsonl").read_bytes()
    *_, last = map(json.loads, (tmp_path / "kept1.jsonl").read_text().splitlines())
    assert {ngram for ngram, _ in last["relevance_ngrams"]["for"]} == {"play"}
    report = (tmp_path / "run.json").read_text()
    assert "stampenborg" not in report
    address = f"pool.jsonl:{len(OTHER) + 1}"
    inside(
        "explain", address, "--report", "run.json", "--format", "json", "-q", "-o", "why.json"
    ).silent()
    [found] = json.loads((tmp_path / "why.json").read_text())["records"]
    [fitted] = found["relevance"]
    weights = {each["ngram"]: each["weight"] for each in fitted["shares"]}
    assert fitted["relevance"] == pytest.approx(last["relevance"])
    assert weights["play"] > 0 == weights["stampenborg"]


def test_speakers_are_never_guessed(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "own.jsonl", SAID)
    (tmp_path / "pool.jsonl").write_text('{"text": "it rains"}\n')
    asked = ("--in-domain", "own.jsonl", "--min-speakers", "3", "pool.jsonl")
    done = inside("relevance", *asked, "-o", "kept.jsonl")
    assert done.code == 1
    assert "pool.jsonl:1: field 'speaker' is missing; name another with --speaker-field" in done.err
    done = inside("relevance", *asked, "--model", "own.jsonl")
    assert done.code == 2
    with pytest.raises(DataselectError, match="give both or neither"):
        Relevance(min_speakers=2).fit(["a"], ["b"])
    with pytest.raises(DataselectError, match="1 speakers of 2 texts"):
        Relevance(min_speakers=2).fit(["a"], ["b"], speakers=["x"])

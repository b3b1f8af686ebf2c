"""References in files of their own, figures of each record, slots: all by hand, or beside jiwer."""

import json
from pathlib import Path
from typing import Any

import jiwer
import pytest
from conftest import Inside
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models.metrics import ExactMatch, SlotF1, metric

_WORDS = st.lists(st.sampled_from(["play", "some", "jazz"]), max_size=4).map(" ".join)


def measured(inside: Inside, folder: Path, *arguments: str) -> dict[str, Any]:
    inside("evaluate", *arguments, "--format", "json", "-o", "found.json", "-q").silent()
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return found


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@given(pairs=st.lists(st.tuples(_WORDS, _WORDS), min_size=1, max_size=5))
def test_empty_references_count_as_in_jiwer(pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = zip(*pairs, strict=True)
    wer = metric("wer")
    sums = wer.statistics(hypotheses, references).sum(axis=0)
    theirs = jiwer.process_words(list(references), list(hypotheses))
    counts = wer.counts(sums)
    assert counts["insertions"] + counts["deletions"] + counts["substitutions"] == (
        theirs.insertions + theirs.deletions + theirs.substitutions
    )
    if any(references):
        assert float(wer.value(sums)) == pytest.approx(100 * theirs.wer)


def test_lines_of_two_files(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "ref.txt").write_text("play some jazz\n\nstop now\n\n")
    (tmp_path / "hyp.txt").write_text("play jess now\nuh\n\n\n")
    found = measured(inside, tmp_path, "-m", "wer", "--references", "ref.txt", "hyp.txt")
    [wer] = found["measures"]
    assert wer["counts"] == {
        "substitutions": 2,
        "deletions": 2,
        "insertions": 1,
        "reference_words": 5,
    }
    assert (wer["value"], found["empty_references"]) == (100, 2)


def test_null_is_no_reference(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a", "ref": null}\n')
    inside("evaluate", "-m", "wer", "in.jsonl").refused(1, "in.jsonl:1: field 'ref' is null")


def test_keyed_text_is_joined_by_id(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "ref").write_text("u1 hello there\nu2 bye\nu3 gone\n")
    (tmp_path / "hyp").write_text("u2 bye\nu1 hello their\n")
    run = ("-m", "wer", "--from", "kaldi", "--references", "ref", "hyp")
    inside("evaluate", *run).refused(1, "ref:3: ", "no good record with the id 'u3'")
    found = measured(inside, tmp_path, *run, "--on-error", "skip")
    assert found["measures"][0]["value"] == pytest.approx(100 / 3)
    assert (found["records"], found["bad_records"]) == (2, 1)


def test_words_with_times_go_to_the_segments_that_they_are_in(
    tmp_path: Path, inside: Inside
) -> None:
    (tmp_path / "r.stm").write_text(
        ";; two that count\n"
        "a 1 x 2.0 4.0 bye\n"
        "a 1 x 0.0 2.0 <o,f0> hello there\n"
        "a 1 x 4 5 ignore_time_segment_in_scoring\n"
    )
    words = "a 1 0.1 0.2 hello\na 1 1.0 0.3 their\na 1 2.5 0.3 bye\na 1 4.2 0.1 noise\n"
    (tmp_path / "h.ctm").write_text(words)
    run = ("-m", "wer", "--references", "r.stm", "h.ctm")
    [wer] = measured(inside, tmp_path, *run)["measures"]
    assert wer["counts"] == {
        "substitutions": 1,
        "deletions": 0,
        "insertions": 0,
        "reference_words": 3,
    }
    (tmp_path / "h.ctm").write_text(words + "a 1 9 0.1 late\n")
    inside("evaluate", *run).refused(1, "the word 'late' at 9.0 s is in no segment")


def test_figures_of_records_sum_up_to_those_of_all(tmp_path: Path, inside: Inside) -> None:
    pairs = [("a b c", "a x c d"), ("", "a"), ("x y", ""), ("same", "same")]
    lines = [{"n": n, "text": given, "ref": true} for n, (given, true) in enumerate(pairs)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = ("-m", "wer", "-m", "cer", "-m", "bleu", "in.jsonl", "--per-record", "each.jsonl")
    wer, cer, _ = measured(inside, tmp_path, *run)["measures"]
    each = rows(tmp_path / "each.jsonl")
    assert [row["n"] for row in each] == [0, 1, 2, 3]
    for name, whole in ("wer", wer), ("cer", cer):
        for what, count in whole["counts"].items():
            assert sum(row["evaluate"][name][what] for row in each) == count
    assert [row["evaluate"]["wer"]["value"] for row in each] == [50, 100, 200, 0]
    inside("evaluate", *run[:-1], "in.jsonl", "-q").refused(2, "in.jsonl is also read")


def test_words_of_the_worst_records_are_aligned(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in.jsonl").write_text(
        '{"text": "a b", "ref": "a b"}\n{"text": "a x c", "ref": "a bcd"}\n'
    )
    inside("evaluate", "-m", "wer", "--worst", "5", "in.jsonl", "-o", "out", "-q").silent()
    shown = (tmp_path / "out").read_text()
    assert "in.jsonl:2: WER 100.00\nreference   a" in shown
    assert "in.jsonl:1" not in shown
    inside("evaluate", "-m", "cer", "--worst", "5", "in.jsonl").refused(2, "--metric wer")


def slot(name: str, start: int, end: int) -> dict[str, Any]:
    return {"slot": name, "start": start, "end": end}


def test_slots_and_exact_matches(tmp_path: Path, inside: Inside) -> None:
    """1 slot is right of 3 given and 3 true; of records the first and the last are."""
    genre, who = slot("genre", 0, 4), slot("who", 6, 9)
    records = [
        ("play", "play", [genre], [genre]),
        ("play", "stop", [], []),
        ("play", "play", [slot("genre", 0, 3), slot("who", 7, 9)], [genre, who]),
        ("stop", "stop", [], []),
    ]
    names = ("intent", "ref_intent", "slots", "ref_slots")
    lines = [json.dumps(dict(zip(names, each, strict=True))) + "\n" for each in records]
    (tmp_path / "in.jsonl").write_text("".join(lines))
    run = ("-m", "slots", "-m", "exact", "in.jsonl")
    slots, exact = measured(inside, tmp_path, *run)["measures"]
    assert slots["value"] == pytest.approx(100 / 3)
    assert slots["counts"]["genre"]["f1"] == 50
    assert slots["counts"]["who"] == {"precision": 0, "recall": 0, "f1": 0, "references": 1}
    assert (exact["value"], exact["counts"]) == (50, {"right": 2, "wrong": 2})
    (tmp_path / "in.jsonl").write_text('{"slots": {}, "ref_slots": []}\n')
    inside("evaluate", "-m", "slots", "in.jsonl").refused(1, "in.jsonl:1: field 'slots'")
    (tmp_path / "in.jsonl").write_text('{"slots": [{"slot": "a"}], "ref_slots": []}\n')
    inside("evaluate", "-m", "slots", "in.jsonl").refused(1, "field 'slots' item 1 lacks 'start'")


def test_no_slots_at_all_are_right() -> None:
    f1 = SlotF1.of([[]], [[]])
    assert float(f1.value(f1.statistics([[]], [[]]).sum(axis=0))) == 100
    assert ExactMatch.name == "exact_match"

"""`dataselect signals`: each number by hand, flags, selection, and what is refused."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
from conftest import Inside, Outcome
from hypothesis import given
from hypothesis import strategies as st

from dataselect import SignalScorer, Threshold, select_file
from dataselect.models.metrics import metric
from dataselect.models.metrics.error_rate import Cer, Wer
from dataselect.operations.signals.repetition import LONGEST_PERIOD, character_runs, word_runs

Run = Callable[[str], list[dict[str, Any]]]

MANIFEST: list[dict[str, Any]] = [
    {"id": "a", "text": "play some jazz now", "pred_text": "play sum jazz", "duration": 2},
    {"id": "b", "text": "stop", "pred_text": "", "duration": 0.5},
    {"id": "c", "text": "", "pred_text": "thank you thank you", "duration": 4},
]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in MANIFEST))
    return tmp_path / "in.jsonl"


@pytest.fixture
def found(manifest: Path, inside: Inside) -> Run:
    """The records that the command writes, given its options."""

    def run(options: str) -> list[dict[str, Any]]:
        inside("signals", *shlex.split(options), "in.jsonl", "-q", "-o", "out.jsonl").silent()
        return list(map(json.loads, (manifest.parent / "out.jsonl").read_text().splitlines()))

    return run


def signals(records: list[dict[str, Any]], name: str) -> list[Any]:
    return [each["signals"][name] for each in records]


def test_error_rates_of_two_fields(found: Run) -> None:
    records = found("--text-field pred_text --reference-field text")
    # "some" for "sum" and no "now"; a word for nothing; four words for nothing.
    assert signals(records, "wer") == [2 / 4, 1, 4]
    # o > u, e and " now" gone: 6 of 18; 4 of 4; 19, where the reference has no character.
    assert signals(records, "cer") == [6 / 18, 1, 19]


def test_rates_and_repetition(found: Run) -> None:
    records = found("--text-field pred_text --duration-field duration")
    assert signals(records, "words_per_second") == [1.5, 0, 1]
    assert signals(records, "chars_per_second") == [13 / 2, 0, 19 / 4]
    assert signals(records, "unique_word_ratio") == [1, 1, 0.5]
    assert signals(records, "longest_word_run") == [1, 0, 2]
    assert signals(records, "longest_word") == [4, 0, 5]
    assert list(records[0]) == ["id", "text", "pred_text", "duration", "signals"]


def test_without_data_there_is_no_number(found: Run) -> None:
    [first, *_] = found("--text-field pred_text")
    assert first["signals"] == {
        "unique_word_ratio": 1.0,
        "longest_word_run": 1,
        "longest_character_run": 2,  # zz
        "longest_word": 4,
    }


AGREEING = {
    "a list": ("nbest", {"nbest": [{"text": "abcd"}, {"text": "abce"}, {"text": "ab"}]}),
    "plain texts": ("nbest", {"nbest": ["abcd", "abce", "ab"]}),
    "fields": ("a,b.c,d", {"a": "abcd", "b": {"c": "abce"}, "d": "ab"}),
}


@pytest.mark.parametrize(("fields", "record"), AGREEING.values(), ids=AGREEING)
def test_agreement_is_1_less_the_mean_pairwise_error_rate(
    found: Run, manifest: Path, fields: str, record: dict[str, Any]
) -> None:
    manifest.write_text(json.dumps({"text": "x", **record}) + "\n")
    assert signals(found(f"--agreement-fields {fields}"), "agreement") == [
        pytest.approx(1 - (1 / 4 + 2 / 4 + 2 / 4) / 3)
    ]


def test_one_hypothesis_agrees_with_itself(found: Run, manifest: Path) -> None:
    manifest.write_text('{"text": "x", "nbest": [""]}\n{"text": "x", "nbest": ["", ""]}\n')
    assert signals(found("--agreement-fields nbest"), "agreement") == [1, 1]


def test_letters_outside_a_script(found: Run, manifest: Path) -> None:
    manifest.write_text('{"text": "да yes!"}\n{"text": "123"}\n')
    assert signals(found("--script Latin"), "outside_script") == [pytest.approx(2 / 5), 0]
    assert signals(found("--script Latin,Cyrillic"), "outside_script") == [0, 0]


RUNS = [
    ("", 0),
    ("no", 1),
    ("no no no", 3),
    ("thank you thank you thank you bye", 3),
    ("a b c a b", 1),  # the second time is not whole
    ("a b c a b c a b", 2),
    ("x " * 7 + "a b " * 5, 7),
    (" ".join(map(str, [*range(LONGEST_PERIOD), *range(LONGEST_PERIOD)])), 2),
    (" ".join(map(str, [*range(LONGEST_PERIOD + 1), *range(LONGEST_PERIOD + 1)])), 1),
]


def test_runs_of_words() -> None:
    texts, expected = zip(*RUNS, strict=True)
    assert word_runs(list(map(str.split, texts))).tolist() == list(expected)
    assert word_runs([]).tolist() == []


def most_repeated(items: str) -> int:
    """The same by looking at every stretch."""
    most = min(len(items), 1)
    for start in range(len(items)):
        for period in range(1, LONGEST_PERIOD + 1):
            times = 1
            unit = items[start : start + period]
            while items[start + times * period :].startswith(unit) and len(unit) == period:
                times += 1
            most = max(most, times)
    return most


@given(st.lists(st.text("ab", max_size=12), max_size=6))
def test_runs_are_those_of_a_plain_search_whatever_stands_beside(texts: list[str]) -> None:
    expected = list(map(most_repeated, texts))
    assert character_runs(texts).tolist() == expected
    assert word_runs(list(map(list, texts))).tolist() == expected


@given(st.lists(st.tuples(st.text("ab ", max_size=9), st.text("ab ", max_size=9)), min_size=1))
def test_rates_are_those_that_evaluate_measures(pairs: list[tuple[str, str]]) -> None:
    given, true = map(list, zip(*pairs, strict=True))
    for each in (Wer(), Cer()):
        rows = metric(each.name).statistics(given, true)
        assert np.allclose(100 * each.rates(given, true), each.value(rows))


@pytest.mark.parametrize("record", MANIFEST, ids=lambda record: str(record["id"]))
def test_error_rates_are_those_of_jiwer(record: dict[str, str]) -> None:
    given, true = record["pred_text"], record["text"]
    assert Wer().rates([given], [true]) == [jiwer.wer(true, given)]
    assert Cer().rates([given], [true]) == [jiwer.cer(true, given)]


def test_flags_are_listed_and_leave_records_out(found: Run, inside: Inside, manifest: Path) -> None:
    options = "--text-field pred_text --reference-field text --flag 'cer > 0.5' --flag wer>=4"
    records = found(options)
    assert signals(records, "flags") == [[], ["cer>0.5"], ["cer>0.5", "wer>=4"]]
    more = "--drop-flagged --rejects r.jsonl --report r.json"
    assert [each["id"] for each in found(f"{options} {more}")] == ["a"]
    rejects = (manifest.parent / "r.jsonl").read_text().splitlines()
    assert [json.loads(each)["dropped"] for each in rejects] == ["flagged cer>0.5"] * 2
    report = json.loads((manifest.parent / "r.json").read_bytes())
    dropped = {"rule": "flagged", "option": "--flag", "value": "cer>0.5", "count": 2}
    assert dropped in report["dropped"]
    assert report["signals"]["flags"] == ["cer>0.5", "wer>=4"]


def test_selection_goes_by_a_signal_now_or_later(
    found: Run, inside: Inside, manifest: Path
) -> None:
    options = "--text-field pred_text --reference-field text"
    assert [each["id"] for each in found(f"{options} --by cer --top-k 1")] == ["a"]
    kept = found(f"{options} --by wer --threshold 1")
    assert [each["id"] for each in kept] == ["a", "b"]
    found(options)
    later = manifest.parent / "later.jsonl"
    run = ("select", "--by", "signals.wer", "--threshold", "1", "out.jsonl", "-q", "-o", later)
    inside(*run).silent()
    assert list(map(json.loads, later.read_text().splitlines())) == kept


def test_texts_are_normalised_where_that_is_asked_for(found: Run, manifest: Path) -> None:
    record = {"text": "It's twenty-one colours, OK?", "pred_text": "it is 21 colors okay"}
    manifest.write_text(json.dumps(record) + "\n")
    fields = "--text-field pred_text --reference-field text"
    assert signals(found(fields), "wer") == [1.25]  # all four are wrong, and one is too many
    assert signals(found(f"{fields} --normalise none"), "wer") == [1.25]
    # it's, twenty, one, colours, ok
    assert signals(found(f"{fields} --normalise basic"), "wer") == [1]
    plain = found(f"{fields} --lowercase --remove-punctuation")
    assert plain == found(f"{fields} --normalise basic")
    # it is 21 colors ok
    assert signals(found(f"{fields} --normalise english"), "wer") == [1 / 5]


def test_the_same_bytes_for_any_number_of_jobs(inside: Inside, manifest: Path) -> None:
    manifest.write_text("".join(json.dumps(each) + "\n" for each in MANIFEST * 20_000))
    options = ("--text-field", "pred_text", "--reference-field", "text", "--agreement-fields")
    for jobs in (1, 2):
        out = ("-q", "-j", jobs, "-o", f"{jobs}.jsonl")
        inside("signals", *options, "text,pred_text", "in.jsonl", *out).silent()
    assert Path("1.jsonl").read_bytes() == Path("2.jsonl").read_bytes()


def test_from_python(manifest: Path, tmp_path: Path) -> None:
    scorer = SignalScorer(text_field="pred_text", reference_field="text", by="wer")
    out = str(tmp_path / "out.jsonl")
    result = select_file(str(manifest), scorer, Threshold(0.5), output=out)
    assert (result.counts.kept, result.cut) == (1, 0.5)


BAD = {
    "no duration": ('"duration": 0', "--duration-field duration", "no duration in seconds"),
    "a negative one": ('"duration": -1', "--duration-field duration", "no duration in seconds"),
    "next to nothing": ('"duration": 1e-320', "--duration-field duration", "no duration"),
    "an absent one": ('"x": 1', "--duration-field duration", "field 'duration' is missing"),
    "a text": ('"duration": "long"', "--duration-field duration", "not a number"),
    "no reference": ('"ref": null', "--reference-field ref", "is null, not a string"),
    "no list": ('"nbest": []', "--agreement-fields nbest", "is not a list of hypotheses"),
    "no text": ('"nbest": [{"t": 1}]', "--agreement-fields nbest", "number 1; give it a text"),
    "half a pair": ('"nbest": ["\\ud800"]', "--agreement-fields nbest", "half a surrogate"),
    "no second text": ('"a": "x"', "--agreement-fields a,b", "field 'b' is missing"),
}


@pytest.mark.parametrize(("field", "options", "words"), BAD.values(), ids=BAD)
def test_a_bad_record_costs_one_record(
    inside: Inside, manifest: Path, field: str, options: str, words: str
) -> None:
    good = '{"text": "hi", "duration": 1, "ref": "", "nbest": ["hi"], "a": "hi", "b": ""}\n'
    manifest.write_text(f'{good}{{"text": "hi", {field}}}\n{good}')
    run = ("signals", *options.split(), "in.jsonl", "-o", "out.jsonl")
    inside(*run).refused(1, "in.jsonl:2: ", words)
    assert not Path("out.jsonl").exists()
    done: Outcome = inside(*run, "--on-error", "skip")
    assert done.code == 0
    assert done.err.startswith("dataselect: kept 2 of 3 records (66.7 %); 1 bad record left out")


REFUSED = {
    "a text that is its own reference": ("--reference-field text", "has two uses here"),
    "no condition": ("--flag cer=1", "'cer=1' is no condition; write such as 'cer>0.3'"),
    "no data for it": ("--flag cer>1", "'cer' is none of the signals that there are"),
    "no such signal": ("--by wer", "wer and cer need --reference-field"),
    "selection by nothing": ("--top-k 5", "--by SIGNAL tells what the selection goes by"),
    "no flag": ("--drop-flagged", "give one"),
    "no script": ("--script Latn1", "no Unicode script"),
    "two normalisations": ("--normalise basic --lowercase", "leave the other options"),
    "what is removed": ("--normalise english --unknown <unk>", "leave --unknown out"),
}


@pytest.mark.parametrize(("options", "words"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused(
    inside: Inside, manifest: Path, options: str, words: str
) -> None:
    inside("signals", *options.split(), "in.jsonl").refused(2, words)

"""`dataselect evaluate`: the table, JSON, pairing with a second file, and what it refuses."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside, Outcome, Shell
from sacrebleu.metrics.bleu import BLEU

from dataselect.models.metrics import METRICS, metric
from dataselect.models.metrics.bootstrap import interval

Evaluate = Callable[[str], Outcome]

RECORDS: list[dict[str, Any]] = [
    {"id": 1, "text": "play jazz", "ref": "play some jazz now", "intent": "play", "true": "play"},
    {"id": 2, "text": "", "ref": "stop", "intent": "alarm", "true": "stop"},
    {"id": 3, "text": "Will it rain?", "ref": "will it rain", "intent": "rain", "true": "rain"},
]
# Of 8 words: 2 deletions; 1 deletion; 2 substitutions, or none once normalised.
WER, NORMALIZED_WER = 100 * 5 / 8, 100 * 3 / 8


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with RECORDS, and the same records with all texts and intents right."""
    write(tmp_path / "a.jsonl", RECORDS)
    right = [record | {"text": record["ref"], "intent": record["true"]} for record in RECORDS]
    write(tmp_path / "right.jsonl", right)
    return tmp_path


@pytest.fixture
def evaluate(folder: Path, inside: Inside) -> Evaluate:
    """Run the command with the options of a line."""
    return lambda line: inside("evaluate", *shlex.split(line))


@pytest.fixture
def found(folder: Path, inside: Inside) -> Any:
    """The JSON that the command writes, given its options."""

    def run(*options: object) -> Any:
        inside("evaluate", *options, "--format", "json", "-o", "found.json", "-q").silent()
        return json.loads((folder / "found.json").read_bytes())

    return run


def refused(outcome: Outcome, code: int, *words: str) -> None:
    outcome.refused(code, *words)
    assert not Path("found.json").exists()


def test_the_table(folder: Path, shell: Shell) -> None:
    done = shell("cat a.jsonl | dataselect evaluate -m wer -m cer --lowercase --samples 50")
    lines = done.out.decode().splitlines()
    assert lines[0].split() == ["measure", "value", "95", "%", "interval"]
    assert lines[1].startswith("WER      50.00  [")
    assert lines[4:6] == [
        "WER: 1 substitutions, 3 deletions, 0 insertions, 8 reference words",
        "CER: 0 substitutions, 13 deletions, 1 insertions, 34 reference characters",
    ]
    assert lines[6] == "3 records, 1 empty hypotheses; 50 bootstrap samples, seed 0"
    assert lines[7].startswith("wer|norm:lower|version:")
    assert len({len(line) for line in lines[:3]}) == 1
    assert done.err == "dataselect: evaluated 3 of 3 records\n"


def test_the_table_of_a_comparison(folder: Path, evaluate: Evaluate) -> None:
    evaluate("a.jsonl -m wer -m bleu --against right.jsonl -o t.txt -q").silent()
    lines = (folder / "t.txt").read_text().splitlines()[:3]
    assert len({len(line) for line in lines}) == 1
    header, wer, bleu = [re.split("  +", line) for line in lines]
    bounds = "95 % interval"
    assert header[:4] == ["measure", "value", bounds, "against"]
    assert header[4:] == [bounds, "difference", bounds, "p"]
    assert (wer[:2], wer[3:6]) == (["WER", "62.50"], ["0.00", "[0.00, 0.00]", "+62.50"])
    assert (bleu[0], bleu[3]) == ("BLEU", "100.00")


def test_json_holds_values_intervals_counts_and_signatures(found: Any) -> None:
    result = found("a.jsonl", "-m", "wer", "-m", "bleu", "--samples", 20, "--seed", 5)
    wer, bleu = result["measures"]
    assert {key: value for key, value in result.items() if key != "measures"} == {
        "records": 3,
        "bad_records": 0,
        "empty_hypotheses": 1,
        "empty_hypotheses_against": None,
        "empty_references": 0,
        "samples": 20,
        "seed": 5,
    }
    assert (wer["metric"], wer["value"], wer["higher_is_better"]) == ("wer", WER, False)
    rows = metric("wer").statistics(*[[each[side] for each in RECORDS] for side in ("text", "ref")])
    expected = interval(metric("wer"), rows, np.random.default_rng(5), 20)
    assert (wer["low"], wer["high"]) == (expected.low, expected.high)
    assert wer["counts"]["deletions"] == 3
    references = [[record["ref"] for record in RECORDS]]
    corpus = BLEU().corpus_score([record["text"] for record in RECORDS], references)
    assert bleu["value"] == pytest.approx(corpus.score)
    assert bleu["signature"].startswith("BLEU|nrefs:1|case:mixed|eff:no|tok:13a")
    assert "against" not in wer


def test_a_comparison_holds_both_systems_and_the_difference(found: Any) -> None:
    result = found("a.jsonl", "-m", "wer", "--against", "right.jsonl")
    (wer,) = result["measures"]
    difference = wer["difference"]
    assert (wer["value"], wer["against"]["value"], difference["value"]) == (WER, 0, WER)
    assert 0 < difference["low"] < WER < difference["high"]
    assert (difference["wins"], result["empty_hypotheses_against"]) == (0, 0)
    assert 0 < difference["p_value"] <= 1


def test_a_file_does_not_differ_from_itself(found: Any) -> None:
    options = [f"-m{name}" for name in ("wer", "cer", "bleu", "chrf", "ter", "intent")]
    result = found("a.jsonl", *options, "--against", "a.jsonl", "--intent-reference-field", "true")
    assert len(result["measures"]) == 7
    for measure in result["measures"]:
        assert measure["difference"] == {"value": 0, "low": 0, "high": 0, "p_value": 1, "wins": 0}


def test_intents(found: Any) -> None:
    accuracy, macro = found("a.jsonl", "-m", "intent", "--intent-reference-field", "true")[
        "measures"
    ]
    assert accuracy["value"] == pytest.approx(100 * 2 / 3)
    assert accuracy["counts"] == {"right": 2, "wrong": 1}
    assert macro["value"] == pytest.approx(100 * 2 / 4)
    assert macro["counts"]["stop"] == {"precision": 0, "recall": 0, "f1": 0, "references": 1}


def test_only_what_is_measured_is_read(folder: Path, found: Any) -> None:
    write(folder / "intents.jsonl", [{"intent": "a", "ref_intent": "a"}])
    write(folder / "texts.jsonl", [{"text": "a", "ref": "a"}])
    assert found("intents.jsonl", "-m", "intent")["empty_hypotheses"] is None
    assert found("texts.jsonl", "-m", "wer")["records"] == 1


def test_fields_can_have_other_names(folder: Path, found: Any) -> None:
    write(folder / "b.jsonl", [{"asr": {"best": "a b"}, "gold": "a c"}])
    options = ["--text-field", "asr.best", "--reference-field", "gold"]
    assert found("b.jsonl", "-m", "wer", *options)["measures"][0]["value"] == 50


def test_normalisation_is_for_error_rates_unless_asked(found: Any) -> None:
    options = ["a.jsonl", "-m", "wer", "-m", "chrf", "--lowercase", "--remove-punctuation"]
    wer, chrf = found(*options)["measures"]
    assert wer["value"] == NORMALIZED_WER
    assert "norm:lower+nopunct" in wer["signature"]
    assert "input:" not in chrf["signature"]
    wer_too, chrf_too = found(*options, "--normalise-all")["measures"]
    assert wer_too == wer
    assert chrf_too["value"] > chrf["value"]
    assert chrf_too["signature"].endswith("|input:lower+nopunct")


def test_an_unknown_word_is_a_wrong_word(folder: Path, found: Any) -> None:
    write(folder / "b.jsonl", [{"text": "play <unk>", "ref": "play unk"}])
    options = ["b.jsonl", "-m", "wer", "--remove-punctuation"]
    assert found(*options)["measures"][0]["value"] == 0
    assert found(*options, "--unknown", "<unk>")["measures"][0]["value"] == 50


def test_records_are_paired_by_id_in_any_order(folder: Path, found: Any) -> None:
    right = [record | {"text": record["ref"]} for record in reversed(RECORDS)]
    write(folder / "b.jsonl", right)
    by_id = found("a.jsonl", "-m", "wer", "--against", "b.jsonl", "--id-field", "id")
    by_position = found("a.jsonl", "-m", "wer", "--against", "right.jsonl")
    assert by_id == by_position


def test_draws_depend_on_the_seed_alone(found: Any) -> None:
    options = ["a.jsonl", "-m", "wer", "--samples", 7]
    with_bleu = found(*options, "-m", "bleu")["measures"]
    assert found(*options)["measures"] == with_bleu[:1]
    assert any(found(*options, "--seed", seed)["measures"] != with_bleu[:1] for seed in range(1, 9))


def test_the_report_holds_the_result(folder: Path, evaluate: Evaluate) -> None:
    evaluate("a.jsonl -m wer -q -o t.txt --report r.json").silent()
    report = json.loads((folder / "r.json").read_bytes())
    assert report["evaluate"]["measures"][0]["value"] == WER
    assert report["signature"].startswith("evaluate|metric:wer|samples:1000|seed:0|")
    assert report["counts"] == {"read": 3, "kept": 3, "dropped": 0, "errors": 0}
    assert list(report["inputs"]) == ["a.jsonl"]


# -- silence


@pytest.mark.parametrize("silence", ["", " ", "\u00ad", "..."])
def test_words_heard_in_silence_are_insertions(folder: Path, found: Any, silence: str) -> None:
    """Two insertions over four reference words, as jiwer 4 and sclite have it."""
    pairs = [("play some jazz now", "play some jazz now"), ("oh well", silence), (silence, silence)]
    lines = [json.dumps({"text": text, "ref": reference}) for text, reference in pairs]
    (folder / "silence.jsonl").write_text("\n".join(lines) + "\n")
    result = found("silence.jsonl", "-m", "wer", "-m", "cer", "--remove-punctuation")
    wer, cer = result["measures"]
    assert (wer["value"], wer["counts"]["insertions"]) == (50, 2)
    assert cer["value"] == pytest.approx(100 * 7 / 18)
    lines = [json.dumps({"text": text, "ref": silence}) for text in ("oh", "")]
    (folder / "silence.jsonl").write_text("\n".join(lines) + "\n")
    metrics = [option for name in METRICS for option in ("-m", name)]
    measures = found("silence.jsonl", *metrics, "--remove-punctuation", "--normalise-all")[
        "measures"
    ]
    values = {each["metric"]: each["value"] for each in measures}
    assert values == {"wer": 100, "cer": 200, "bleu": 0, "chrf": 0, "ter": 100}


# -- bad records

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a missing reference": ({"text": "a"}, "field 'ref' is missing; name another with"),
    "a reference that is null": ({"text": "a", "ref": None}, "field 'ref' is null, not a string"),
    "a missing hypothesis": ({"ref": "a"}, "field 'text' is missing; name another with --text-"),
    "a hypothesis that is null": ({"text": None, "ref": "a"}, "field 'text' is null, not a string"),
    "a hypothesis that is a list": ({"text": [], "ref": "a"}, "field 'text' is an array"),
    "half a surrogate pair": ({"text": "\ud800", "ref": "a"}, "half a surrogate pair"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_record_stops_the_run_or_is_counted(
    folder: Path, inside: Inside, found: Any, what: str
) -> None:
    record, reason = BAD[what]
    write(folder / "b.jsonl", [*RECORDS[:2], record, *RECORDS[2:]])
    options = ["b.jsonl", "-m", "wer", "-q"]
    refused(inside("evaluate", *options, "-o", "found.json"), 1, "b.jsonl:3: ", reason)
    skipped = found(*options, "--on-error", "skip")
    assert (skipped["records"], skipped["bad_records"]) == (3, 1)
    assert skipped["measures"][0]["value"] == WER
    found(*options, "--on-error", "bad.jsonl")
    assert reason in json.loads((folder / "bad.jsonl").read_bytes())["reason"]


def test_the_table_tells_what_was_left_out(folder: Path, inside: Inside) -> None:
    write(folder / "b.jsonl", [*RECORDS, {"text": "a"}])
    outcome = inside("evaluate", "b.jsonl", "-m", "wer", "--on-error", "skip", "-o", "t.txt")
    assert (outcome.code, outcome.err) == (0, "dataselect: evaluated 3 of 4 records\n")
    assert (
        "3 records, 1 empty hypotheses, 1 bad records left out;" in (folder / "t.txt").read_text()
    )


@pytest.mark.parametrize("value", [None, [], "\ud800"])
def test_a_bad_intent_is_refused(folder: Path, evaluate: Evaluate, value: object) -> None:
    write(folder / "b.jsonl", [{"intent": "a", "ref_intent": value}])
    outcome = evaluate("b.jsonl -m intent -o found.json")
    refused(outcome, 1, "b.jsonl:1: field 'ref_intent' ")


def test_a_bad_record_of_either_file_drops_the_pair(folder: Path, found: Any) -> None:
    write(folder / "a.jsonl", [{"text": "a"}, *RECORDS])
    right = [record | {"text": record["ref"]} for record in RECORDS]
    write(folder / "b.jsonl", [RECORDS[0], *right[:2], {"ref": "will it rain"}])
    result = found("a.jsonl", "-m", "wer", "--against", "b.jsonl", "--on-error", "skip")
    assert (result["records"], result["bad_records"]) == (2, 2)
    assert result["measures"][0]["against"]["value"] == 0


# -- files that do not go together


@pytest.mark.parametrize(("system", "baseline"), [(3, 2), (2, 3)])
def test_files_of_unequal_length_are_refused(
    folder: Path, evaluate: Evaluate, system: int, baseline: int
) -> None:
    write(folder / "a.jsonl", RECORDS[:system])
    write(folder / "b.jsonl", RECORDS[:baseline])
    outcome = evaluate("a.jsonl -m wer --against b.jsonl -o found.json -q")
    longer = "a" if system > baseline else "b"
    refused(outcome, 1, f"{longer}.jsonl:3: no record to pair it with", "--id-field")


def test_without_true_intents_a_model_may_be_meant(folder: Path, evaluate: Evaluate) -> None:
    outcome = evaluate("a.jsonl -m intent")
    refused(outcome, 1, "field 'ref_intent' is missing", "judge a model with --intent-classifier")


@pytest.mark.parametrize("options", ["", "--id-field id"])
def test_references_that_differ_are_refused(folder: Path, evaluate: Evaluate, options: str) -> None:
    write(folder / "b.jsonl", [RECORDS[0], RECORDS[1] | {"ref": "stop now"}, RECORDS[2]])
    command = "a.jsonl -m wer --against b.jsonl --on-error skip -o found.json -q"
    outcome = evaluate(f"{command} {options}")
    refused(outcome, 1, "a.jsonl:2: its reference is not that of b.jsonl:2")


def test_true_intents_that_differ_are_refused(folder: Path, evaluate: Evaluate) -> None:
    write(folder / "b.jsonl", [RECORDS[0] | {"true": "stop"}, *RECORDS[1:]])
    command = "a.jsonl -m intent --intent-reference-field true --against b.jsonl"
    refused(evaluate(f"{command} -o found.json"), 1, "a.jsonl:1: its reference is not that of")


UNPAIRED = {
    "an id of the input that is not in the other file": (
        [1, 2, 3],
        [1, 2],
        "a.jsonl:3: --against has no good record with the id '3'",
    ),
    "an id of the other file that is not in the input": (
        [1, 2],
        [1, 2, 3],
        "b.jsonl:3: the input has no good record with the id '3'",
    ),
    "an id twice in the input": ([1, 1, 2], [1, 2], "a.jsonl:2: the id '1' is that of a.jsonl:1"),
    "an id twice in the other file": ([1, 2], [1, 2, 2], "b.jsonl:3: the id '2' is that of"),
}


@pytest.mark.parametrize("what", UNPAIRED)
def test_records_without_a_partner_are_bad_records(
    folder: Path, inside: Inside, found: Any, what: str
) -> None:
    system, baseline, reason = UNPAIRED[what]
    for name, ids in ("a.jsonl", system), ("b.jsonl", baseline):
        write(folder / name, [{"id": id_, "text": "a", "ref": "b"} for id_ in ids])
    options = ["a.jsonl", "-m", "wer", "--against", "b.jsonl", "--id-field", "id", "-q"]
    refused(inside("evaluate", *options, "-o", "found.json"), 1, reason)
    result = found(*options, "--on-error", "skip")
    assert (result["records"], result["bad_records"]) == (2, 1)


# -- requirements and options


def test_nothing_to_measure_is_refused_unless_allowed(
    folder: Path, inside: Inside, evaluate: Evaluate, found: Any
) -> None:
    (folder / "empty.jsonl").write_bytes(b"\n")
    outcome = inside("evaluate", "empty.jsonl", "-m", "wer", "-o", "found.json")
    refused(outcome, 3, "of 0 records", "--allow-empty")
    result = found("empty.jsonl", "-m", "wer", "--allow-empty")
    assert (result["records"], result["measures"]) == (0, [])
    evaluate("empty.jsonl -m wer --allow-empty -o t.txt -q").silent()
    assert "0 records, 0 empty hypotheses;" in (folder / "t.txt").read_text()


def test_too_few_records_are_refused(folder: Path, evaluate: Evaluate) -> None:
    outcome = evaluate("a.jsonl -m wer --min-records 4 -o found.json")
    refused(outcome, 3, "3 of 3 records, fewer than --min-records 4")


USAGE = {
    "nothing to measure": ("a.jsonl", "say what to measure with --metric: wer"),
    "a metric that is none": ("a.jsonl -m meteor", "choose from wer, cer, bleu, chrf, ter, intent"),
    "an id without a second file": ("a.jsonl -m wer --id-field id", "--id-field pairs records"),
    "a tokeniser without BLEU": ("a.jsonl -m wer --tokenize char", "--tokenize is for"),
    "normalisation that would do nothing": (
        "a.jsonl -m bleu -m intent --lowercase",
        "ask for it with --normalise-all",
    ),
    "normalisation of intents": ("a.jsonl -m intent --lowercase --normalise-all", "leave it out"),
    "an unknown word that is two": (
        "a.jsonl -m wer --unknown 'a b'",
        "--unknown: 'unknown' is 'a b'; give one token without spaces",
    ),
    "standard input twice": ("- -m wer --against -", "standard input can be read once"),
    "an output that is the second file": (
        "a.jsonl -m wer --against right.jsonl -o right.jsonl",
        "right.jsonl is also read",
    ),
    "no samples": ("a.jsonl -m wer --samples 0", "--samples"),
}


@pytest.mark.parametrize("what", USAGE)
def test_options_that_make_no_sense_are_refused(
    folder: Path, evaluate: Evaluate, what: str
) -> None:
    options, reason = USAGE[what]
    before = (folder / "right.jsonl").read_bytes()
    evaluate(options).refused(2, reason)
    assert (folder / "right.jsonl").read_bytes() == before


def test_a_second_file_that_is_missing_is_named(folder: Path, evaluate: Evaluate) -> None:
    outcome = evaluate("a.jsonl -m wer --against none.jsonl -o found.json")
    refused(outcome, 1, "none.jsonl: No such file")

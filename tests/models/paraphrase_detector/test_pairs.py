"""`paraphrase pairs`: right labels by another reckoning, no leakage, balance, the command."""

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside, Shell, run_inside
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.annotations import Slot, Utterance
from dataselect.models.paraphrase_detector.pairs import hard_negatives
from dataselect.models.paraphrase_detector.pairs.annotated_corpus import (
    AnnotatedCorpus,
    distinct_templates,
)
from dataselect.models.paraphrase_detector.pairs.generation import TrainingPair, make_pairs
from dataselect.models.paraphrase_detector.pairs.splits import split
from dataselect.models.paraphrase_detector.pairs.templates import Template, canonical
from dataselect.operations.paraphrase.make_pairs import command as pairs_command

Record = dict[str, Any]
POSITIVE = {"corpus", "template", "refilled", "slotless"}
SAME_TEMPLATE = {"value", "values"}


def utterance(marked: str, intent: str, **values: str) -> Utterance:
    """An utterance of a text in which `{slot}` stands for a value."""
    text, slots = "", []
    for number, piece in enumerate(marked.replace("}", "{").split("{")):
        if number % 2:
            value = values[piece]
            slots.append(Slot(piece.rstrip("2"), len(text), len(text) + len(value), value))
            text += value
        else:
            text += piece
    return Utterance(text, intent, tuple(slots))


TEMPLATES = {
    "play": [
        "play {artist}",
        "i want to listen to {artist}",
        "put {artist} on",
        "play {artist} from {year}",
        "something by {artist} made in {year}",
        "play some music",
        "music please",
        "play a song",
        "play some more music",
    ],
    "fly": [
        "fly from {from} to {to}",
        "i have to get to {to} from {from}",
        "a flight from {from} to {to} please",
    ],
    "find": [
        "find {artist} records",
        "who sells records by {artist}",
        "are there any records of {artist}",
        "show me records by {artist} of {year}",
        "is there a record by {artist} made in {year}",
    ],
}
VALUES = {
    "artist": ["Adele", "Seal", "The Blue Band", "Blue", "Nina Simone", "Nina Hagen"],
    "year": ["1999", "2001", "the nineties"],
    "from": ["Boston", "Denver", "New York", "San Jose", "San Diego"],
    "to": ["Boston", "Denver", "York", "San Jose", "San Diego", "New York"],
}


def corpus(each: int = 12, intents: Sequence[str] = tuple(TEMPLATES)) -> list[Utterance]:
    """Utterances of our own making, `each` an intent, the same ones every time."""
    draw = random.Random(0)
    return [
        utterance(
            draw.choice(TEMPLATES[intent]), intent, **{k: draw.choice(VALUES[k]) for k in VALUES}
        )
        for intent in intents
        for _ in range(each)
    ]


def write(path: Path, found: Sequence[Utterance]) -> Path:
    lines = [
        {
            "id": number,
            "text": each.text,
            "intent": each.intent,
            "slots": [slot._asdict() for slot in each.slots],
        }
        for number, each in enumerate(found)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def read(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def pairs(found: Sequence[Utterance], size: int = 1000, seed: int = 0) -> list[TrainingPair]:
    made = make_pairs(AnnotatedCorpus(distinct_templates(found)), size, np.random.default_rng(seed))
    return list(made)


def texts(found: Sequence[TrainingPair], label: int) -> set[frozenset[str]]:
    return {frozenset((pair.one.text, pair.other.text)) for pair in found if pair.label == label}


# -- another reckoning of what a pair is, from its record alone


def values_of(record: Record, side: int) -> list[tuple[str, str]]:
    text = record[f"text{side}"]
    return [
        (slot["slot"], text[slot["start"] : slot["end"]].casefold())
        for slot in record[f"slots{side}"]
    ]


def template_of(record: Record, side: int) -> str:
    text, end = record[f"text{side}"], 0
    pieces = []
    for slot in record[f"slots{side}"]:
        pieces += [text[end : slot["start"]], "{" + slot["slot"] + "}"]
        end = slot["end"]
    return " ".join("".join([*pieces, text[end:]]).casefold().split())


def changes(record: Record) -> int:
    """How many slots have another value on the other side."""
    one, other = Counter(values_of(record, 1)), Counter(values_of(record, 2))
    return sum((one - other).values())


def check(record: Record) -> None:
    """Assert that a pair is what it says."""
    one, other = values_of(record, 1), values_of(record, 2)
    same_intent = record["intent1"] == record["intent2"]
    same = same_intent and sorted(one) == sorted(other)
    assert record["label"] == same == (record["kind"] in POSITIVE)
    assert record["text1"].casefold() != record["text2"].casefold()
    for side in (1, 2):
        for slot in record[f"slots{side}"]:
            assert record[f"text{side}"][slot["start"] : slot["end"]] == slot["value"]
    same_template = template_of(record, 1) == template_of(record, 2)
    same_types = sorted(slot for slot, _ in one) == sorted(slot for slot, _ in other)
    kind = record["kind"]
    assert (kind == "slotless") == (same and not one)
    assert (kind == "intent") == (not same_intent)
    assert (kind == "slots") == (same_intent and not same_types)
    if kind in SAME_TEMPLATE:
        assert same_template
    if kind == "swap":
        assert sorted(value for _, value in one) == sorted(value for _, value in other)
    elif kind in ("value", "template+value"):
        assert changes(record) == 1
    if kind == "template+value" or same:
        assert not same_template


def check_all(found: Sequence[Record]) -> None:
    """Assert what holds for all pairs of a file together."""
    for record in found:
        check(record)
    keys = [frozenset((record["text1"].casefold(), record["text2"].casefold())) for record in found]
    assert len(set(keys)) == len(keys)
    assert abs(sum(1 if record["label"] else -1 for record in found)) <= 1
    assert len({record["id"] for record in found}) == len(found)


def as_records(found: Sequence[TrainingPair]) -> list[Record]:
    return [json.loads(json.dumps(pair.as_record(str(n)))) for n, pair in enumerate(found)]


# -- pairs by hand


def test_the_example_of_the_paper() -> None:
    found = [
        utterance("I want to listen to {artist}", "play", artist="Adele"),
        utterance("Play {artist}", "play", artist="Seal"),
    ]
    made = pairs(found)
    assert texts(made, 1) == {
        frozenset(("I want to listen to Adele", "Play Adele")),
        frozenset(("I want to listen to Seal", "Play Seal")),
    }
    every = {  # one value changed, in the same template or in the other one
        frozenset(("Play Adele", "Play Seal")),
        frozenset(("I want to listen to Adele", "Play Seal")),
        frozenset(("I want to listen to Adele", "I want to listen to Seal")),
    }
    assert len(texts(made, 0)) == 2
    assert texts(made, 0) <= every


def test_a_template_is_filled_with_offsets_that_fit() -> None:
    template = Template.of(utterance("fly  {from}-{to} !", "fly", **{"from": "Rome", "to": "Oslo"}))
    assert template.fill(["New York", "Bern"]) == Utterance(
        "fly  New York-Bern !", "fly", (Slot("from", 5, 13, "New York"), Slot("to", 14, 18, "Bern"))
    )


def test_a_type_that_stands_twice_is_filled_in_order() -> None:
    via = utterance("via {city} and {city2}", "fly", city="Rome", city2="Oslo")
    other = Template.of(utterance("{city} then {city2}", "fly", city="Bern", city2="Bonn"))
    assert other.fill_like(via.slots).text == "Rome then Oslo"
    assert other.fill_like(via.slots[:1]).text == "Rome then Bonn"


def test_swapped_values_are_no_paraphrases() -> None:
    found = [
        utterance(marked, "fly", **{"from": one, "to": other})
        for marked in ("from {from} to {to}", "to {to} from {from}")
        for one, other in (("Rome", "Oslo"), ("Oslo", "Rome"))
    ]
    made = pairs(found)
    assert frozenset(("from Rome to Oslo", "to Oslo from Rome")) in texts(made, 1)
    swapped = {
        frozenset(("from Rome to Oslo", "from Oslo to Rome")),
        frozenset(("from Rome to Oslo", "to Rome from Oslo")),
        frozenset(("to Oslo from Rome", "from Oslo to Rome")),
        frozenset(("to Oslo from Rome", "to Rome from Oslo")),
    }
    assert swapped & texts(made, 0)
    assert not swapped & texts(made, 1)


def test_templates_get_other_values_where_utterances_do_not_suffice() -> None:
    found = [
        utterance(marked, "fly", **{"from": one, "to": other})
        for marked in ("from {from} to {to}", "to {to} from {from}")
        for one, other in (("Rome", "Oslo"), ("Bern", "Bonn"))
    ]
    kinds = {frozenset((pair.one.text, pair.other.text)): pair.kind for pair in pairs(found)}
    assert kinds[frozenset(("from Rome to Oslo", "to Oslo from Rome"))] == "corpus"
    assert kinds[frozenset(("from Rome to Bonn", "to Bonn from Rome"))] == "refilled"
    assert Counter(kinds.values())["refilled"] == 2


def test_an_intent_gives_every_paraphrase_that_it_can() -> None:
    found = [
        utterance(f"{word} {{artist}}", "play", artist=artist)
        for word in ("play", "hear", "find", "get")
        for artist in ("Seal", "Adele", "Blue")
    ]
    assert texts(pairs(found), 1) == {
        frozenset((f"{one} {artist}", f"{other} {artist}"))
        for one, other in combinations(("play", "hear", "find", "get"), 2)
        for artist in ("Seal", "Adele", "Blue")
    }


def test_values_that_differ_in_case_and_spaces_are_the_same() -> None:
    found = [
        utterance("play {artist}", "play", artist="The  Band"),
        utterance("hear {artist}", "play", artist="the band"),
    ]
    assert pairs(found) == []  # no negative can be made: there is one value only
    assert canonical("Ä  b") == canonical("a\u0308 B ")


def test_two_utterances_that_mean_the_same_come_first() -> None:
    found = [utterance(f"{word} {{artist}}", "play", artist="Seal") for word in ("play", "hear")]
    found += [
        utterance(f"{word} {{artist}}", "play", artist=word) for word in ("see", "get", "buy")
    ]
    made = [pair for pair in pairs(found, 10) if pair.label]
    assert [
        frozenset((pair.one.text, pair.other.text)) for pair in made if pair.kind == "corpus"
    ] == [frozenset(("play Seal", "hear Seal"))]


def test_a_template_of_two_intents_tells_nothing() -> None:
    found = [
        utterance("{artist} please", "play", artist="Seal"),
        utterance("{artist} please", "find", artist="Adele"),
        utterance("play {artist}", "play", artist="Seal"),
        utterance("hear {artist}", "play", artist="Adele"),
    ]
    assert not any("please" in text for each in texts(pairs(found), 1) for text in each)


# -- what holds for any corpus

WORDS = st.text("aB ä", min_size=1, max_size=3).map(lambda text: f"x{text}")


@st.composite
def corpora(draw: st.DrawFn) -> list[Utterance]:
    """Few words, values, types and intents, so that much of them is the same."""
    found = []
    for _ in range(draw(st.integers(0, 12))):
        types = draw(st.lists(st.sampled_from("st"), max_size=3))
        marked = draw(WORDS)
        values = {}
        for number, slot in enumerate(types):
            name = slot + "2" * number
            values[name] = draw(st.sampled_from(["A", "b a", "b c", "c"]))
            marked += f" {{{name}}}" + draw(st.sampled_from(["", " y", " z"]))
        found.append(utterance(marked, draw(st.sampled_from("ij")), **values))
    return found


@given(corpora(), st.integers(0, 30), st.integers(0, 3))
def test_every_pair_is_what_it_says(found: list[Utterance], size: int, seed: int) -> None:
    made = pairs(found, size, seed)
    assert len(made) <= size
    check_all(as_records(made))


@given(corpora(), st.sampled_from([0.0, 0.3, 1.0]), st.sets(st.sampled_from("ij")))
def test_splits_share_no_template_and_no_held_out_intent(
    found: list[Utterance], share: float, held_out: set[str]
) -> None:
    templates = distinct_templates(found)
    splits = split(templates, held_out, share, np.random.default_rng(0))
    assert sorted(map(repr, [*splits.train, *splits.dev, *splits.test])) == sorted(
        map(repr, templates)
    )
    assert {each.intent for each in splits.test} == held_out & {each.intent for each in templates}
    assert held_out.isdisjoint(each.intent for each in splits.train + splits.dev)
    assert {each.key for each in splits.train}.isdisjoint(each.key for each in splits.dev)


# -- the command


def test_pairs_are_spread_evenly_over_intents_and_halves(inside: Inside, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", corpus(60))
    command = ("paraphrase", "pairs", "a.jsonl", "--pairs", 150, "-o", "p.jsonl", "-q")
    inside(*command, "--slotless", "include").silent()
    made = read(tmp_path / "p.jsonl")
    check_all(made)
    positives = Counter(record["intent1"] for record in made if record["label"])
    assert positives == {"play": 25, "fly": 25, "find": 25}
    assert {record["kind"] for record in made} == {
        *("corpus", "template", "slotless"),
        *("value", "values", "template+value", "swap", "slots", "intent"),
    }
    sources = read(tmp_path / "a.jsonl")
    for record in made:  # one side at least is an utterance of the corpus, with its id
        assert any(sources[record[f"id{s}"]]["text"] == record[f"text{s}"] for s in (1, 2))


def test_a_bag_of_words_cannot_tell_paraphrases(inside: Inside, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", corpus(60))
    inside("paraphrase", "pairs", "a.jsonl", "--pairs", 400, "-o", "p.jsonl", "-q").silent()
    cosines: dict[int, list[float]] = {0: [], 1: []}
    for record in read(tmp_path / "p.jsonl"):
        one, other = (set(record[f"text{s}"].casefold().split()) for s in (1, 2))
        cosines[record["label"]].append(len(one & other) / (len(one) * len(other)) ** 0.5)
    wins = [(a > b) + (a == b) / 2 for a in cosines[1] for b in cosines[0]]
    assert sum(wins) / len(wins) < 0.6


def test_no_split_has_what_another_one_is_tested_on(inside: Inside, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", corpus(60))
    outcome = inside(
        *("paraphrase", "pairs", "a.jsonl", "-o", "train", "--dev", "dev", "--test", "test"),
        *("--held-out", "find", "--pairs", 100, "--test-pairs", 4),
        *("--report", "report"),
    )
    assert outcome.code == 0
    made = {name: read(tmp_path / name) for name in ("train", "dev", "test")}
    sizes = {name: len(records) for name, records in made.items()}
    assert sizes == {"train": 100, "dev": 10, "test": 4}
    assert outcome.err.splitlines()[-1] == (
        "dataselect: pairs of 180 records: train 100, dev 10, test 4"
    )
    check_all([record for found in made.values() for record in found])
    templates = {
        name: {template_of(record, side) for record in found for side in (1, 2)}
        for name, found in made.items()
    }
    assert not templates["train"] & templates["dev"]
    assert not templates["test"] & (templates["train"] | templates["dev"])
    intents = {
        name: {record[f"intent{side}"] for record in found for side in (1, 2)}
        for name, found in made.items()
    }
    assert intents["test"] == {"find"}
    assert "find" not in intents["train"] | intents["dev"]
    report = json.loads((tmp_path / "report").read_text())
    assert report["counts"] == {"read": 180, "kept": 180, "dropped": 0, "errors": 0}
    found = report["paraphrase pairs"]
    assert {name: found[name]["pairs"] for name in found} == sizes
    for name, records in made.items():
        assert found[name]["kinds"] == Counter(record["kind"] for record in records)
        assert sum(found[name]["paraphrases"].values()) == sum(r["label"] for r in records)
    assert found["train"]["values_in_train"] == 1
    assert 0 < found["test"]["values_in_train"] <= 1


def test_a_seed_gives_the_same_bytes_in_every_process(shell: Shell, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", corpus())
    command = "dataselect paraphrase pairs a.jsonl --pairs 60 -q --seed"
    one = shell(f"PYTHONHASHSEED=1 {command} 3").silent()
    assert one.count(b"\n") == 60
    assert shell(f"PYTHONHASHSEED=2 {command} 3 < a.jsonl").silent() == one
    assert shell(f"{command} 4").silent() != one


def test_fewer_pairs_than_asked_for_are_said(inside: Inside, tmp_path: Path) -> None:
    plays = [utterance("play {artist}", "play", artist=value) for value in ("Seal", "Adele")]
    hears = [utterance("hear {artist}", "play", artist=value) for value in ("Seal", "Adele")]
    lonely = utterance("fly {from}", "fly", **{"from": "Rome"})
    write(tmp_path / "a.jsonl", [*plays, *hears, lonely])
    outcome = inside("paraphrase", "pairs", "a.jsonl", "-o", "p.jsonl")
    made = read(tmp_path / "p.jsonl")
    check_all(made)
    assert len(made) == 4  # two paraphrases: each value in both templates
    assert outcome.err.splitlines() == [
        (
            "dataselect: warning: train: 4 pairs instead of 20,000; the records give no more "
            "distinct ones"
        ),
        "dataselect: warning: train: 1 of 2 intents give fewer paraphrases than the rest: 'fly' 0",
        "dataselect: pairs of 5 records: train 4",
    ]


def test_utterances_without_slots_take_part_or_not(inside: Inside, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", corpus(60))
    command = ("paraphrase", "pairs", "a.jsonl", "--pairs", 300, "-o", "p.jsonl", "-q")
    inside(*command).silent()
    made = read(tmp_path / "p.jsonl")
    check_all(made)
    assert all(record["slots1"] and record["slots2"] for record in made)
    inside(*command, "--slotless", "include").silent()
    labels = {
        (record["kind"], bool(record["slots1"] or record["slots2"])): record["label"]
        for record in read(tmp_path / "p.jsonl")
        if not (record["slots1"] and record["slots2"])
    }
    assert labels[("slotless", False)] == 1
    assert labels[("slots", True)] == 0


def test_intents_without_slots_are_told_apart_by_intent(inside: Inside, tmp_path: Path) -> None:
    said = {"greet": ["hello there", "hi", "hello"], "leave": ["bye there", "see you", "bye"]}
    write(tmp_path / "a.jsonl", [Utterance(text, i) for i in said for text in said[i]])
    command = ("paraphrase", "pairs", "a.jsonl", "-o", "p.jsonl")
    inside(*command).refused(3, "no record has slots")
    outcome = inside(*command, "--slotless", "include")
    assert "paraphrases are of utterances without slots" in outcome.err
    made = read(tmp_path / "p.jsonl")
    check_all(made)
    kinds = Counter(record["kind"] for record in made)
    assert len(made) >= 8
    assert kinds == {"slotless": len(made) // 2, "intent": len(made) // 2}


NOTHING = {
    "no two templates are alike": (
        [utterance("play {artist}", "play", artist="Seal"), Utterance("bye", "leave")],
        "no intent has two templates with the same slots",
    ),
    "nothing differs": (
        [Utterance("hello", "greet"), Utterance("hi", "greet")],
        "there is no other value, slot or intent to make negatives of",
    ),
}


@pytest.mark.parametrize(("found", "why"), NOTHING.values(), ids=NOTHING)
def test_no_pair_at_all_is_an_error_that_says_why(
    inside: Inside, tmp_path: Path, found: list[Utterance], why: str
) -> None:
    write(tmp_path / "a.jsonl", found)
    command = ("paraphrase", "pairs", "a.jsonl", "-o", "p.jsonl", "--slotless", "include")
    inside(*command).refused(3, "no pair can be made for train", why)
    assert not (tmp_path / "p.jsonl").exists()
    inside(*command, "-q", "--allow-empty").silent()
    assert (tmp_path / "p.jsonl").read_bytes() == b""


REFUSED = {
    "--held-out play": "--test-pairs are for --test FILE",
    "--test-pairs 5": "--test-pairs are for --test FILE",
    "--test t": "name some by --held-out",
    "--test t --held-out dance": "--held-out dance is no intent of the input; check its name",
}


@pytest.mark.parametrize(("options", "reason"), REFUSED.items(), ids=REFUSED)
def test_options_without_a_sense_are_refused(
    inside: Inside, tmp_path: Path, options: str, reason: str
) -> None:
    write(tmp_path / "a.jsonl", corpus())
    inside("paraphrase", "pairs", "a.jsonl", "-o", "p", *options.split()).refused(2, reason)
    assert not (tmp_path / "p").exists()


def test_bad_records_are_collected(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", corpus())
    path.write_text(path.read_text() + '{"text": "play", "intent": "play", "slots": 5}\n')
    outcome = run_inside(
        *("paraphrase", "pairs", path, "-o", tmp_path / "p", "--on-error", tmp_path / "bad"),
        *("--pairs", 20, "--report", tmp_path / "report"),
    )
    assert outcome.code == 0
    assert len(read(tmp_path / "p")) == 20
    [bad] = read(tmp_path / "bad")
    assert (bad["line"], bad["reason"].split(";")[0]) == (37, "field 'slots' is not an array")
    assert json.loads((tmp_path / "report").read_text())["counts"]["errors"] == 1


def test_the_help_has_the_shares_of_kinds() -> None:
    told = re.sub(r"\s+", " ", pairs_command.__doc__ or "")
    _, told = told.split("by their 'kind', ")
    shares = re.findall(r"(\d+) %[^%]*?\((\S+)\)", told)
    assert {name: int(share) for share, name in shares} == {
        name: round(100 * weight) for name, weight, _ in hard_negatives._KINDS
    }


def test_an_intent_that_slotless_leaves_out_is_not_called_unknown(
    inside: Inside, tmp_path: Path
) -> None:
    music = [
        {"text": f"play {name}", "intent": "music", "slots": [{"slot": "a", "start": 5, "end": 6}]}
        for name in "abcdef"
    ]
    lines = [*music, {"text": "hello", "intent": "greet", "slots": []}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = "paraphrase pairs --slotless exclude --test t.jsonl a.jsonl -o o.jsonl --held-out"
    inside(*command.split(), "greet").refused(2, "none of its utterances has slots, so --slotless")
    inside(*command.split(), "gone").refused(2, "--held-out gone is no intent of the input")

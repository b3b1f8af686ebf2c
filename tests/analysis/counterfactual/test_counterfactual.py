"""`dataselect counterfactual`: swaps, the control, flips by hand, and what is refused."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside, Shell
from hypothesis import given
from hypothesis import strategies as st

from dataselect.analysis.counterfactual.flips import swap_results
from dataselect.analysis.counterfactual.judge import Judge, Judged
from dataselect.analysis.counterfactual.swaps import Swap, reworded
from dataselect.analysis.counterfactual.word_lists import REWORDINGS, SWAPS

OURS = ["Anna", "Emily", "Laura", "Sarah"]
THEIRS = ["Raj", "Arjun", "Priya", "Ananya"]


def write(path: Path, texts: Sequence[str]) -> None:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


def calls(
    names: list[str], count: int, verbs: Sequence[str] = ("call", "text", "ring")
) -> list[str]:
    draw = random.Random(1)
    return [
        f"{draw.choice(verbs)} {draw.choice(names)} {draw.choice(['now', 'later', 'today'])}"
        for _ in range(count)
    ]


@pytest.fixture
def folder(tmp_path: Path, inside: Inside) -> Path:
    """A model of relevance that has seen names of one kind alone among in-domain text."""
    write(tmp_path / "in.jsonl", calls(OURS, 40))
    others = [f"{verb} {name}" for verb in ("who is", "ask") for name in THEIRS for _ in range(5)]
    write(tmp_path / "background.jsonl", [*others, "will it rain", "play jazz", "stop it"] * 3)
    write(tmp_path / "pool.jsonl", [*calls(OURS, 40), *calls(THEIRS, 40), *["play jazz"] * 40])
    fitted = ("--in-domain", "in.jsonl", "--background", "background.jsonl", "--fit-only", "-q")
    inside("relevance", *fitted, "--save-model", "model").silent()
    return tmp_path


def found(folder: Path, inside: Inside, *options: str) -> Any:
    inside(
        "counterfactual", "model", "pool.jsonl", *options, "--format", "json", "-q", "-o", "o.json"
    )
    return json.loads((folder / "o.json").read_text())


def test_names_that_decide_are_found(folder: Path, inside: Inside) -> None:
    own = found(folder, inside, "--share", "40%")["swaps"]
    assert own["names"]["records"] == 80
    assert own["names"]["flips"]["value"] > own["names"]["control"]["value"]
    assert own["names"]["difference"]["low"] > 0
    assert own["places"]["records"] == 0
    done = inside("counterfactual", "model", "pool.jsonl", "--share", "40%", "-o", "o.txt")
    assert "warning: names decide: swapping them flips" in done.err
    table = (folder / "o.txt").read_text()
    assert "too few to say" in table
    assert "kept: relevance at least" in table


def test_a_list_of_ones_own_and_the_same_seed(folder: Path, inside: Inside) -> None:
    (folder / "names.txt").write_text("\n".join([*OURS, "", *THEIRS]) + "\n")
    options = ("--share", "40%", "--swap", "people=names.txt")
    own = found(folder, inside, *options)
    assert list(own["swaps"]) == ["people"]
    assert own == found(folder, inside, *options)
    assert own != found(folder, inside, *options, "--seed", "1")


def test_the_threshold_is_that_of_the_share(folder: Path, inside: Inside) -> None:
    threshold = found(folder, inside, "--share", "40%")["threshold"]
    inside("relevance", "--model", "model", "--share", "40%", "-q", "-o", "k.jsonl", "pool.jsonl")
    scores = [
        json.loads(line)["relevance"] for line in (folder / "k.jsonl").read_text().splitlines()
    ]
    assert min(scores) == threshold


def test_language_models_and_labels_are_judged(folder: Path, inside: Inside) -> None:
    inside("lm", "train", "-q", "-o", "own.arpa", "in.jsonl").silent()
    options = ("--swap", "names", "-q", "-o", "o.txt", "pool.jsonl")
    inside("counterfactual", "own.arpa", "--share", "40%", *options).silent()
    assert "perplexity at most" in (folder / "o.txt").read_text()
    rows = [{"text": text, "intent": "call"} for text in calls(OURS, 20)]
    rows += [{"text": f"play {name}", "intent": "play"} for name in THEIRS for _ in range(5)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    learnt = ("--labelled", "rows.jsonl", "--save-model", "intents", "--fit-only")
    inside("label", *learnt, "--rounds", "0", "-q", "pool.jsonl")
    inside("counterfactual", "intents", *options).silent()
    assert "kept: everything" in (folder / "o.txt").read_text()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("", 2, "say what is kept"),
        ("--share 40% --threshold 1", 2, "give one"),
        ("--share 40% --swap colours", 2, "'colours' is none of names"),
        ("--share 40% --swap colours=one.txt", 1, "nothing to swap a word for"),
        ("--share 40% --swap colours=none.txt", 1, "none.txt"),
        ("--share 40% --swap =one.txt", 2, "'=one.txt' has no name"),
        ("--threshold nan", 2, "--threshold NaN keeps nothing"),
    ],
)
def test_what_is_refused(folder: Path, inside: Inside, options: str, code: int, words: str) -> None:
    (folder / "one.txt").write_text("red\n")
    inside("counterfactual", "model", "pool.jsonl", *options.split()).refused(code, words)
    inside("counterfactual", "pool.jsonl", "pool.jsonl").refused(1, "neither a language model")


def test_a_model_comes_through_a_pipe(folder: Path, inside: Inside, shell: Shell) -> None:
    options = "pool.jsonl --share 40% -q -o"
    assert shell(f"dataselect counterfactual <(cat model) {options} piped.txt").code == 0
    assert inside("counterfactual", "model", *options.split(), "named.txt").code == 0
    assert (folder / "piped.txt").read_text() == (folder / "named.txt").read_text()


def test_flips_and_moves_by_hand() -> None:
    """A judge that scores 2 for b, 1 for a, and 0 for what a rewording has made polite."""

    def judge(texts: Sequence[str]) -> Judged:
        scores = [0.0 if "please" in each else 1.0 + ("b" in each.split()) for each in texts]
        return Judged(np.array(scores), np.zeros(len(texts), np.intp))

    [own] = swap_results(
        ["say a", "say b", "nothing"],
        Judge("score", "high", judge),
        1.5,
        {"letters": Swap([["a", "b"]])},
        draws=3,
        samples=50,
        seed=0,
    )
    assert (own.records, own.flips.value, own.lost, own.gained) == (2, 1.0, 0.5, 0.5)
    assert own.moved == 1.0
    assert own.is_small
    # Rewordings of "say a" stay dropped, "say b" is dropped where it becomes polite.
    assert own.control.value <= 0.5
    assert own.difference.value == own.flips.value - own.control.value


WORDS = [word for sets in SWAPS.values() for words in sets for word in words]


@given(
    st.lists(st.sampled_from([*WORDS, "jazz", "l'été", "hers", "Annas"]), min_size=1, max_size=6),
    st.sampled_from(list(SWAPS)),
    st.integers(0, 9),
)
def test_variants_swap_the_words_of_a_list_and_nothing_else(
    words: list[str], kind: str, seed: int
) -> None:
    text = " ".join(words)
    swap = Swap(SWAPS[kind])
    variant = swap.variant(text, np.random.default_rng(seed))
    own = {word.casefold() for words in SWAPS[kind] for word in words}
    if not any(word.casefold() in own for word in words):
        assert variant is None or any(" " in each for each in own)
        return
    assert variant is not None
    assert variant != text
    back = swap.variant(variant, np.random.default_rng(seed))
    assert back is not None  # what was put there is of the list, too


@given(st.sampled_from(["play jazz", "please play jazz", "I'm late", "what is the time"]))
def test_rewordings_say_the_same(text: str) -> None:
    rng = np.random.default_rng(0)
    kept = {word.casefold() for phrases in REWORDINGS for each in phrases for word in each.split()}
    kept |= {"please"}
    for _ in range(9):
        other = reworded(text, rng)
        assert other != text
        assert [word for word in other.split() if word.casefold() not in kept] == [
            word for word in text.split() if word.casefold() not in kept
        ]


@pytest.mark.parametrize(
    ("own", "text", "swapped"),
    [
        (["king", "queen"], "the K\u0131ng", "the Queen"),  # dotless i, which i is taken for
        (["Stra\u00dfe", "Gasse"], "Stra\u00dfe 5", "Gasse 5"),
        (["\u0130pek", "Ay\u015fe"], "ring \u0130pek", "ring Ay\u015fe"),
    ],
)
def test_words_are_found_whatever_their_case(own: list[str], text: str, swapped: str) -> None:
    assert Swap([own]).variant(text, np.random.default_rng(0)) == swapped

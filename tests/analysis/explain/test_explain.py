"""`dataselect explain`: finding a record, its way through runs, and what speaks for it."""

import gzip
import json
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MUSIC_ARPA, Inside, Shell
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from dataselect.analysis.explain import similar_texts
from dataselect.analysis.explain.counterfactuals import spelled
from dataselect.analysis.explain.record_lookup import FieldSearch, Place, continues
from dataselect.analysis.explain.similar_texts import TextSimilarity
from dataselect.analysis.explain.text_output import MEANINGS
from dataselect.data.fields import Column
from dataselect.data.files.line_blocks import Block
from dataselect.operations.bitext.scorer import ALIGNMENT, DISTANCE
from dataselect.operations.diversity.scorer import DiversityScorer
from dataselect.operations.label.scorer import LabelScorer
from dataselect.operations.paraphrase.scorer import BestMatch
from dataselect.operations.rescore.scorer import RESCORED
from dataselect.operations.winnow.scorer import DIFFERENCE, IN_DOMAIN, OOV, PERPLEXITY

Explain = Callable[..., Any]

TEXTS = [
    "play some jazz",
    "play jazz",
    "play some jazz now",
    "will it rain",
    "jazz",
    "will it rain in the north",
    "play the blue band",
    "it will snow tomorrow or rain",
]


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pool of 24 records with scores, of which many are equal, and groups."""
    records = [
        {"id": f"r{n}", "text": TEXTS[n % 8], "s": n * 7 % 10 / 10, "g": "ab"[n % 2]}
        for n in range(24)
    ]
    write(tmp_path / "pool.jsonl", records)
    (tmp_path / "lm.arpa").write_text(MUSIC_ARPA)
    return tmp_path


@pytest.fixture
def explain(folder: Path, inside: Inside) -> Explain:
    """The one account that the command gives, as JSON."""

    def run(*options: object) -> Any:
        inside("explain", "--format", "json", "-o", "found.json", "-q", *options).silent()
        [account] = json.loads((folder / "found.json").read_bytes())["records"]
        return account

    return run


@pytest.fixture
def told(folder: Path, inside: Inside) -> Callable[..., str]:
    """What the command tells people, each sentence in one line."""

    def run(*options: object) -> str:
        inside("explain", *options, "-o", "found.txt").silent()
        return (folder / "found.txt").read_text()

    return run


def select(inside: Inside, rule: str, *more: object) -> None:
    files = ("-o", "kept.jsonl", "--rejects", "dropped.jsonl", "--report", "run.json")
    inside("select", "-q", "--by", "s", *rule.split(), *files, *more, "pool.jsonl").silent()


REPORT = ("--report", "run.json")

# -- the way through runs ---------------------------------------------------------------------


def test_a_record_that_is_kept(folder: Path, inside: Inside, explain: Explain) -> None:
    select(inside, "--top-k 2")
    account = explain("r7", *REPORT)
    [run] = account["decisions"]
    assert (run["outcome"], run["score"], run["cut"]["score"]) == ("kept", 0.9, 0.9)
    assert (run["rank"]["rank"], run["rank"]["records"]) == (1, 24)
    assert run["would_keep"] == []
    assert [place["file"] for place in account["places"]] == ["pool.jsonl", "kept.jsonl"]
    assert [place["line"] for place in account["places"]] == [8, 1]
    assert account["record"] == {"id": "r7", "text": TEXTS[7], "s": 0.9, "g": "b"}


RULES = [
    "--threshold 0.55",
    "--threshold 0.55 --best low",
    "--top-k 5",
    "--top-k 5 --best low",
    "--top-k 5 --threshold 0.85",
    "--share 30%",
    "--share 10% --threshold 0.3",
    "--budget 20 --cost words",
    "--budget 40 --cost chars --threshold 0.2",
    "--budget 1.5 --cost s",
    "--budget 4",
    "--per g --top-k 2",
    "--per g --share 20%",
    "--per g --max-per 3",
    "--per g --share 50% --max-per 2",
    "--per g --budget 9 --cost words --min-per 1",
]


@pytest.mark.parametrize("rule", RULES)
def test_what_would_have_kept_a_record_does(
    folder: Path, inside: Inside, explain: Explain, rule: str
) -> None:
    select(inside, rule)
    dropped = {each["id"]: each["dropped"] for each in lines(folder / "dropped.jsonl")}
    assert len(dropped) > 5
    for name in list(dropped)[:: len(dropped) // 2]:
        [run] = explain(name, *REPORT)["decisions"]
        assert (run["outcome"], run["reason"]) == ("dropped", dropped[name])
        changed = " ".join(run["would_keep"])
        names = "|".join(word for word in changed.split() if word.startswith("--"))
        assert names
        again = [*re.sub(rf"({names}) \S+", "", rule).split(), *changed.split()]
        inside("select", "-q", "--by", "s", *again, "-o", "again.jsonl", "pool.jsonl").silent()
        assert name in [each["id"] for each in lines(folder / "again.jsonl")], changed


@pytest.mark.parametrize("direction", ["high", "low"])
def test_ranks_are_those_of_the_records_sorted(
    folder: Path, inside: Inside, explain: Explain, direction: str
) -> None:
    select(inside, "--top-k 9", "--best", direction)
    sign = 1 if direction == "low" else -1
    ranked = sorted(lines(folder / "pool.jsonl"), key=lambda record: sign * record["s"])
    for rank, record in list(enumerate(ranked, start=1))[::5]:
        [run] = explain(record["id"], *REPORT)["decisions"]
        assert run["rank"]["rank"] == rank


def test_ranks_within_groups(folder: Path, inside: Inside, explain: Explain) -> None:
    select(inside, "--per g --top-k 2")
    own = [record for record in lines(folder / "pool.jsonl") if record["g"] == "b"]
    ranked = sorted(own, key=lambda record: -record["s"])
    [run] = explain(ranked[4]["id"], *REPORT)["decisions"]
    rank = run["rank"]
    assert (rank["rank"], rank["records"], rank["group"]) == (5, 12, "b")


def test_the_sentences_for_a_record_that_was_dropped(
    folder: Path, inside: Inside, told: Callable[..., str]
) -> None:
    select(inside, "--share 30%")
    found = told("r0", *REPORT)
    assert found.startswith("r0: dropped by select (run.json)\n")
    assert '  "play some jazz"\n  at pool.jsonl:1, dropped.jsonl:1\n' in found
    assert "the same text is 3 times in pool.jsonl" in found
    assert "dropped, not among the best by --share 0.3\n" in found
    assert "s 0, the lowest that was kept 0.7\n" in found
    assert "rank 22 of 24, 87.5 % are better\n" in found
    assert "would have been kept with --share 91.7%\n" in found


def test_a_draw_promises_nothing(folder: Path, inside: Inside, explain: Explain) -> None:
    select(inside, "--sample 5")
    name = lines(folder / "dropped.jsonl")[3]["id"]
    [run] = explain(name, *REPORT)["decisions"]
    assert (run["outcome"], run["would_keep"]) == ("dropped", [])


def test_several_runs_one_after_the_other(
    folder: Path, inside: Inside, explain: Explain, told: Callable[..., str]
) -> None:
    select(inside, "--threshold 0.5")
    inside(
        *("select", "-q", "--by", "s", "--top-k", 2, "-o", "best.jsonl"),
        *("--rejects", "rest.jsonl", "--report", "last.json", "kept.jsonl"),
    ).silent()
    reports = ("--report", "last.json", *REPORT)
    outcomes = {
        name: [run["outcome"] for run in explain(name, *reports)["decisions"]]
        for name in ("r7", "r5", "r0")
    }
    assert outcomes == {
        "r7": ["kept", "kept"],
        "r5": ["kept", "dropped"],
        "r0": ["dropped", "not read"],
    }
    assert told("r5", *reports).startswith(
        "r5: dropped by select (last.json); kept by select (run.json)\n"
    )
    assert "select (last.json): not read: it did not get there\n" in told("r0", *reports)


def test_without_rejects_the_scores_that_were_read_tell(
    folder: Path, inside: Inside, explain: Explain
) -> None:
    inside(
        *("select", "-q", "--by", "s", "--top-k", 4, "-o", "kept.jsonl"),
        *(*REPORT, "pool.jsonl"),
    ).silent()
    [run] = explain("r9", *REPORT)["decisions"]
    assert (run["outcome"], run["reason"], run["score"]) == ("dropped", None, 0.3)
    assert run["would_keep"] == [f"--top-k {run['rank']['rank']}"]


def test_files_that_are_gone_are_named(
    folder: Path, inside: Inside, explain: Explain, told: Callable[..., str]
) -> None:
    select(inside, "--threshold 0.5")
    (folder / "kept.jsonl").unlink()
    [kept], [dropped] = (explain(name, *REPORT)["decisions"] for name in ("r7", "r0"))
    assert (kept["outcome"], dropped["outcome"]) == ("kept", "dropped")
    (folder / "dropped.jsonl").unlink()
    [run] = explain("r7", *REPORT)["decisions"]
    assert (run["outcome"], run["missing"]) == ("unknown", ["kept.jsonl", "dropped.jsonl"])
    assert "select (run.json): not known\n" in (found := told("r7", *REPORT))
    assert "not there: kept.jsonl, dropped.jsonl\n" in found


def test_what_a_pipe_read_is_not_known(folder: Path, shell: Shell, explain: Explain) -> None:
    options = "--by s --threshold 0.5 --report run.json -o kept.jsonl -q"
    shell(f"cat pool.jsonl | dataselect select {options}").silent()
    outcomes = [
        explain(name, "pool.jsonl", *REPORT)["decisions"][0]["outcome"] for name in ("r7", "r0")
    ]
    assert outcomes == ["kept", "not kept"]


def test_a_record_that_a_run_left_out_as_bad(
    folder: Path, inside: Inside, explain: Explain
) -> None:
    with (folder / "pool.jsonl").open("a") as pool:
        pool.write('{"id": "odd", "text": "play", "s": "high"}\n')
    select(inside, "--top-k 4", "--on-error", "skip")
    [run] = explain("odd", *REPORT)["decisions"]
    assert run["outcome"] == "left out"


def test_nothing_was_kept(folder: Path, inside: Inside, explain: Explain) -> None:
    select(inside, "--threshold 2", "--allow-empty")
    account = explain("r3", *REPORT)
    [run] = account["decisions"]
    assert (run["cut"]["score"], run["would_keep"]) == (None, ["--threshold 0.1"])
    assert account["neighbours"] == []


# -- what is left out whatever its score ------------------------------------------------------


def winnow(inside: Inside, rule: str) -> None:
    files = ("-o", "kept.jsonl", "--rejects", "dropped.jsonl", *REPORT)
    inside("winnow", "-q", "--lm", "lm.arpa", *rule.split(), *files, "pool.jsonl").silent()


@pytest.mark.parametrize("band", ["--max-perplexity 20", "--min-perplexity 20"])
def test_what_would_have_kept_a_record_outside_a_band(
    folder: Path, inside: Inside, explain: Explain, band: str
) -> None:
    option, _ = band.split()
    rule = "--share 20%"
    winnow(inside, f"{band} {rule}")
    dropped = [each for each in lines(folder / "dropped.jsonl") if option in each["dropped"]]
    assert dropped
    for record in dropped[::4]:
        winnow(inside, f"{band} {rule}")
        [run] = explain(record["id"], *REPORT)["decisions"]
        moved, *others = run["would_keep"]
        assert moved.startswith(option)
        winnow(inside, " ".join([moved, *(others or [rule])]))
        assert record["id"] in [each["id"] for each in lines(folder / "kept.jsonl")]


def test_what_is_left_out_does_not_count_among_the_better(
    folder: Path, inside: Inside, explain: Explain
) -> None:
    winnow(inside, "--min-perplexity 9 --top-k 3")
    dropped = lines(folder / "dropped.jsonl")
    better = len(lines(folder / "kept.jsonl"))
    first = min(
        (each for each in dropped if "not among" in each["dropped"]),
        key=lambda each: each["perplexity"],
    )
    [run] = explain(first["id"], *REPORT)["decisions"]
    assert run["would_keep"] == [f"--top-k {better + 1}"]


PAIR = {"id": "p", "src": "call 555 at www.a.org", "tgt": "call 555 at www.a.org now, call 7"}


def test_which_filters_a_pair_would_have_to_pass(
    folder: Path, inside: Inside, explain: Explain
) -> None:
    filters = ["--drop-copies", "--same-numbers", "--same-urls", "--max-length-ratio", 1.2]
    copy = {"id": "c", "src": "the 3 blue bands", "tgt": "The 3 blue bands!"}
    write(folder / "pairs.jsonl", [PAIR | {"tgt": "ruf 7 an"}, copy, {**copy, "tgt": "3 Bands"}])
    write(folder / "near.jsonl", [{"text": "ruf mich an"}, {"text": "spiel die Band"}])
    inside(
        *("bitext", "-q", "--in-domain", "near.jsonl", *filters, "--allow-empty"),
        *("-o", "kept.jsonl", "--rejects", "dropped.jsonl", *REPORT, "pairs.jsonl"),
    ).silent()
    [run] = explain("p", *REPORT)["decisions"]
    assert run["would_keep"] == ["no --max-length-ratio", "no --same-urls", "no --same-numbers"]
    assert explain("p", *REPORT)["text"] == "ruf 7 an"


def test_a_pair_of_poor_alignment(folder: Path, inside: Inside, explain: Explain) -> None:
    pairs = [{"id": n, "src": text, "tgt": TEXTS[n - 1]} for n, text in enumerate(TEXTS)]
    write(folder / "pairs.jsonl", pairs)
    draw = np.random.default_rng(0)
    for side in "src", "tgt":
        np.save(folder / f"{side}.npy", draw.normal(size=(len(pairs), 5)).astype(np.float32))
    vectors = ("--vectors", "src=src.npy", "--vectors", "tgt=tgt.npy")

    def align(lowest: object) -> list[Any]:
        inside(
            *("bitext", "-q", "--align", "vectors", *vectors, "--min-alignment", lowest),
            "--allow-empty",
            *("-o", "kept.jsonl", "--rejects", "dropped.jsonl", *REPORT, "pairs.jsonl"),
        ).silent()
        return [each["id"] for each in lines(folder / "kept.jsonl")]

    assert 3 not in align(50)
    [run] = explain(3, *REPORT)["decisions"]
    [(option, value)] = [each.split() for each in run["would_keep"]]
    assert option == "--min-alignment"
    assert 3 in align(value)


def test_a_record_that_was_not_picked(
    folder: Path, inside: Inside, explain: Explain, told: Callable[..., str]
) -> None:
    inside(
        *("diversity", "-q", "--top-k", 3, "--method", "features", "-o", "kept.jsonl"),
        *("--rejects", "dropped.jsonl", *REPORT, "pool.jsonl"),
    ).silent()
    reasons = {each["id"]: each["dropped"] for each in lines(folder / "dropped.jsonl")}
    copy = next(name for name, reason in reasons.items() if "copy" in reason)
    account = explain(copy, *REPORT)
    [run] = account["decisions"]
    assert (run["outcome"], run["reason"], run["rank"]) == ("dropped", reasons[copy], None)
    assert account["nearest"]["text"] == account["text"]
    assert account["nearest"]["name"] == account["record"]["nearest"]
    other = next(name for name, reason in reasons.items() if reason == "not picked")
    words = told(other, *REPORT)
    assert "dropped, not picked" in words
    assert "a larger --top-k may pick it" in words
    assert "null" not in words
    assert "--rejects FILE" not in words


def test_a_label_that_is_too_uncertain(folder: Path, inside: Inside, explain: Explain) -> None:
    labelled = [{"text": text, "intent": text.split()[0]} for text in TEXTS]
    write(folder / "labelled.jsonl", labelled * 2)

    def label(*options: object) -> None:
        inside(
            *("label", "-q", "--labelled", "labelled.jsonl", "--rounds", 0, *options),
            *("-o", "kept.jsonl", "--rejects", "dropped.jsonl", *REPORT, "pool.jsonl"),
            "--allow-empty",
        ).silent()

    label("--min-confidence", 1)
    name = lines(folder / "dropped.jsonl")[0]["id"]
    [run] = explain(name, *REPORT)["decisions"]
    label(*run["would_keep"][0].split())
    assert name in [each["id"] for each in lines(folder / "kept.jsonl")]


# -- relevance and language models ------------------------------------------------------------


def test_shares_and_offset_add_up_to_the_relevance(
    folder: Path, inside: Inside, explain: Explain, model: Path
) -> None:
    inside("relevance", "-q", "--model", model, "-o", "kept.jsonl", *REPORT, "pool.jsonl").silent()
    for name in ("r0", "r2", "r7"):
        account = explain(name, *REPORT)
        [found] = account["relevance"]
        total = sum(each["share"] for each in found["shares"]) + found["offset"]
        assert found["log_odds"] == pytest.approx(total)
        assert found["relevance"] == account["record"]["relevance"]
        assert found["relevance"] == pytest.approx(1 / (1 + math.exp(-total)), abs=1e-9)
        counts = account["text"].split().count("jazz")
        jazz = next((each for each in found["shares"] if each["ngram"] == "jazz"), None)
        assert (jazz is not None) == bool(counts)
        if jazz is not None:
            share = jazz["weight"] * found["slope"] / found["divisor"]
            assert jazz["share"] == pytest.approx(share)
    assert found["divisor"] == pytest.approx(math.sqrt(6))  # words


def test_the_sum_that_people_read_adds_up(
    folder: Path, inside: Inside, told: Callable[..., str], model: Path
) -> None:
    found = told("r2", "pool.jsonl", "--model", model, "--top", 2)
    rows = re.findall(r"^ +([+-]\d+\.\d{4})  .*$", found, re.MULTILINE)
    *parts, total = map(float, rows)
    assert len(parts) == 4
    assert sum(parts) == pytest.approx(total, abs=1e-9)
    assert "other n-grams)" in found


def test_several_sets_of_relevance(folder: Path, inside: Inside, explain: Explain) -> None:
    write(folder / "music.jsonl", [{"text": text} for text in TEXTS[:3]])
    write(folder / "rain.jsonl", [{"text": text} for text in TEXTS[3:6:2]])
    inside(
        *("relevance", "-q", "--in-domain", "music=music.jsonl", "--in-domain", "rain=rain.jsonl"),
        *("--fit-only", "--save-model", "sets.model", "pool.jsonl"),
    ).silent()
    [found] = explain("r3", "pool.jsonl", "--model", "sets.model")["relevance"]
    assert found["set_name"] == "rain"


@pytest.mark.parametrize("how", ["", "--background other.jsonl", "--seed 3 --ngrams 2"])
def test_a_model_that_was_not_saved_is_fitted_again(
    folder: Path, inside: Inside, explain: Explain, told: Callable[..., str], how: str
) -> None:
    write(folder / "music.jsonl", [{"text": text} for text in TEXTS[:3]])
    write(folder / "other.jsonl", [{"text": text} for text in TEXTS[3:]])
    inside(
        *("relevance", "-q", "--in-domain", "one=music.jsonl", *how.split()),
        *("-o", "kept.jsonl", *REPORT, "pool.jsonl"),
    ).silent()
    account = explain("r0", *REPORT)
    [found] = account["relevance"]
    assert found["relevance"] == account["record"]["relevance"]
    assert (found["set_name"], account["notes"]) == ("one", [])
    assert "a model of one=music.jsonl: relevance for one" in told("r0", *REPORT)
    (folder / "music.jsonl").unlink()
    assert explain("r0", *REPORT)["notes"] == [
        "run.json: its model is not there: name one with --model"
    ]


def test_another_model_than_that_of_the_record_is_told(
    folder: Path, inside: Inside, explain: Explain, model: Path
) -> None:
    write(folder / "scored.jsonl", [{"id": 1, "text": "play jazz", "relevance": 0.123}])
    notes = explain(1, "scored.jsonl", "--model", model)["notes"]
    assert any("another model" in note for note in notes)


def test_surprising_words_by_hand(folder: Path, explain: Explain) -> None:
    """play: -0.5 after <s> (-0.5); jazz: the 2-gram; rocks: <unk> after jazz (-0.125); the end."""
    write(folder / "one.jsonl", [{"id": 1, "text": "play jazz rocks"}])
    [[found]] = [
        each["models"] for each in explain(1, "one.jsonl", "--lm", "lm.arpa")["predictions"]
    ]
    words = [(each["word"], each["order"], each["unknown"]) for each in found["words"]]
    assert words == [("play", 1, False), ("jazz", 2, False), ("rocks", 1, True), ("</s>", 1, False)]
    log10 = [each["log10"] for each in found["words"]]
    assert log10 == pytest.approx([-1, -0.25, -2.125, -1])
    assert found["perplexity"] == pytest.approx(10 ** (4.375 / 4), abs=1e-5)


def test_the_least_probable_words_come_first(folder: Path, told: Callable[..., str]) -> None:
    write(folder / "one.jsonl", [{"id": 1, "text": "play jazz rocks"}])
    found = told(1, "one.jsonl", "--lm", "lm.arpa", "--top", 2)
    assert re.findall(r"^    (\S+) +(0\.\d+) +(.*)$", found, re.MULTILINE) == [
        ("rocks", "0.0075", "unknown word"),
        ("play", "0.1", "1 word"),
    ]
    assert "perplexity 12.409" in found


def test_normalisation_is_for_the_model(folder: Path, explain: Explain) -> None:
    write(folder / "one.jsonl", [{"id": 1, "text": "Play JAZZ!"}])
    options = ("--lm", "lm.arpa", "--lowercase", "--remove-punctuation")
    [found] = explain(1, "one.jsonl", *options)["predictions"]
    assert [each["word"] for each in found["models"][0]["words"]] == ["play", "jazz", "</s>"]


@pytest.mark.parametrize(
    "models",
    [
        "--lm lm.arpa",
        "--lm lm.arpa --lowercase",
        "--lm lm.arpa --background general.jsonl",
        "--in-domain music.jsonl --order 2",
        "--in-domain music.jsonl --background general.jsonl",
        "--in-domain music.jsonl --background auto --seed 3",
        "--in-domain music.jsonl --relevance",
    ],
)
def test_models_of_a_winnow_run_give_the_figures_of_the_record(
    folder: Path, inside: Inside, explain: Explain, models: str
) -> None:
    write(folder / "music.jsonl", [{"text": text} for text in TEXTS[:3]])
    write(folder / "general.jsonl", [{"text": text} for text in TEXTS[3:]])
    files = ("-o", "kept.jsonl", *REPORT, "pool.jsonl")
    inside("winnow", "-q", *models.split(), *files).silent()
    account = explain("r7", *REPORT)
    [found] = account["predictions"]
    assert found["models"][0]["perplexity"] == account["record"]["perplexity"]
    assert found["difference"] == account["record"].get("cross_entropy_difference")
    assert len(found["models"]) == 1 + ("--background" in models)


def test_models_that_are_gone_are_named(folder: Path, inside: Inside, explain: Explain) -> None:
    inside("winnow", "-q", "--lm", "lm.arpa", "-o", "kept.jsonl", *REPORT, "pool.jsonl").silent()
    (folder / "lm.arpa").unlink()
    account = explain("r7", *REPORT)
    assert account["predictions"] == []
    assert account["notes"] == ["run.json: its language model is not there: name one with --lm"]


# -- neighbours -------------------------------------------------------------------------------


def test_cosines_by_hand() -> None:
    """Of two texts both have a, of weight 1; one has b, c and each pair, of weight w."""
    similarity = TextSimilarity("a b")
    similarity.count(["a c", "a b"])
    weight = math.log(3 / 2) + 1
    expected = 1 / (1 + 2 * weight**2)
    assert similarity.cosines(["a c", "a b", "d"]).tolist() == pytest.approx([expected, 1, 0])


def test_cosines_are_those_of_scikit_learn() -> None:
    text = "play play some jazz"
    similarity = TextSimilarity(text)
    for start in range(0, len(TEXTS), 3):
        similarity.count(TEXTS[start : start + 3])
    reference = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+")
    expected = reference.fit_transform(TEXTS) @ reference.transform([text]).T
    found = similarity.cosines(TEXTS)
    seen = "play play" in reference.vocabulary_
    assert not seen  # scikit-learn leaves such n-grams out, and a cosine is lower with them
    ratio = found / expected.toarray().ravel().clip(1e-12)
    np.testing.assert_allclose(ratio[found > 0], ratio[0], rtol=1e-9)
    assert ratio[0] < 1


@pytest.mark.parametrize("at_once", [1, 2, 5, 1 << 18])
def test_the_rarest_ngrams_of_a_long_text_are_told(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar_texts, "_WORDS_AT_ONCE", at_once)
    similarity = TextSimilarity("c a b, a don't")
    similarity.count(["a", "a b", "b", "x", "a"])
    text = "b x a b a b c a DON\u2019T"
    expected = ["a don't", "b a", "c", "c a", "don't", "a b", "b", "a"]
    assert similarity.shared(text) == expected
    assert similarity.shared(text, 1) == ["b a"]
    assert similarity.shared(text, 6) == expected[:6]
    assert similarity.shared("") == []
    assert TextSimilarity("").shared("a") == []


def test_the_nearest_of_what_was_kept(folder: Path, explain: Explain) -> None:
    write(folder / "kept.jsonl", [{"id": n, "text": text} for n, text in enumerate(TEXTS)])
    with (folder / "kept.jsonl").open("a") as kept:
        kept.write(
            'not JSON\n\n{"id": 99, "text": "Play, some jazz!"}\n{"text": "play some jazz now"}\n'
        )
    found = explain("r0", "pool.jsonl", "--kept", "kept.jsonl")["neighbours"]
    assert [each["name"] for each in found] == [0, 99, 2]
    assert [each["copy"] for each in found] == [True, True, False]
    assert [each["times"] for each in found] == [1, 1, 2]
    assert [each["line"] for each in found] == [1, 11, 3]
    assert found[0]["similarity"] == found[1]["similarity"] == 1
    assert set(found[2]["shared"]) == {"play", "some", "jazz", "play some", "some jazz"}


def test_a_record_is_not_its_own_neighbour(folder: Path, inside: Inside, explain: Explain) -> None:
    select(inside, "--threshold 0.5")
    found = explain("r7", *REPORT)["neighbours"]
    assert [(each["name"], each["copy"]) for each in found[:1]] == [("r15", True)]
    assert "r7" not in [each["name"] for each in found]


def test_a_neighbour_without_id_is_called_by_its_line(folder: Path, explain: Explain) -> None:
    (folder / "kept.jsonl").write_text('\n{"text": "play jazz"}\n')
    [found] = explain("r0", "pool.jsonl", "--kept", "kept.jsonl")["neighbours"]
    assert found["name"] == "kept.jsonl:2"


def test_without_a_kept_file_one_is_asked_for(folder: Path, told: Callable[..., str]) -> None:
    assert "name it with --kept" in told("r0", "pool.jsonl")


def test_every_field_that_a_command_adds_has_a_meaning() -> None:
    added = {PERPLEXITY, DIFFERENCE, IN_DOMAIN, OOV, DISTANCE, ALIGNMENT, RESCORED}
    added |= {"dropped", "bucket"}
    added |= {*DiversityScorer.may_add, *LabelScorer.adds, *BestMatch.adds}
    assert added | {"relevance", "relevance_for", "relevance_ngrams"} == MEANINGS.keys()


# -- finding a record -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ("café", rb'{"id": "caf\u00e9", "text": "x"}'),
        ("café", '{"id": "café", "text": "x"}'.encode()),
        ("a/b", rb'{"id": "a\/b", "text": "x"}'),
        ("pool-1", rb'{"id": "\u0070ool-1", "text": "x"}'),
        ("pool-1", rb'{"\u0069d": "pool-1", "text": "x"}'),
        ('"', rb'{"id": "\"", "text": "x"}'),
        ("7", b'{"text":"x","id":7}'),
        ("7", b'{"text":"x","id":"7"}'),
        ("7", b'{"id"\t:\t7\t,"text":"x"}'),
        ("-7.5", b'{"id": -7.5, "text": "x"}'),
        ("98765432109876543210987", b'{"id": 98765432109876543210987, "text": "x"}'),
        ("true", b'{"id": true, "text": "x"}'),
        ("null", b'{"id": "null", "text": "x"}'),
    ],
)
def test_an_id_is_found_however_it_is_spelled(
    folder: Path, explain: Explain, wanted: str, line: bytes
) -> None:
    others = b'{"id": 70, "text": "7", "n": 7}\n{"id": null, "text": "pool-1 true"}\n'
    (folder / "odd.jsonl").write_bytes(others + line + b"\r\n")
    account = explain("--", wanted, "odd.jsonl")
    assert account["places"][0]["line"] == 3
    assert account["text"] == "x"


@given(
    st.lists(st.one_of(st.text(), st.integers(), st.booleans()), min_size=1, max_size=5),
    st.booleans(),
)
def test_any_id_is_found(ids: list[Any], ascii_only: bool) -> None:
    text = "".join(json.dumps({"id": own}, ensure_ascii=ascii_only) + "\n" for own in ids)
    block = Block("x", 1, text.encode(errors="surrogatepass"))
    wanted = ids[-1] if isinstance(ids[-1], str) else json.dumps(ids[-1])
    expected = [
        number
        for number, own in enumerate(ids, start=1)
        if (own if isinstance(own, str) else json.dumps(own)) == wanted
    ]
    found = list(FieldSearch(Column.identity(), wanted).find([block]))
    assert [each.line for each in found if isinstance(each, Place)] == expected


def test_a_number_and_a_string_of_the_same_spelling_are_both_shown(
    folder: Path, inside: Inside
) -> None:
    write(folder / "odd.jsonl", [{"id": "7", "text": "play"}, {"id": 7, "text": "rain"}])
    run = inside("explain", "7", "odd.jsonl", "-o", "found.txt")
    assert (run.code, run.err) == (
        0,
        "dataselect: warning: odd.jsonl has 2 records called 7: all are shown\n",
    )
    found = (folder / "found.txt").read_text()
    assert '"play"\n  at odd.jsonl:1\n' in found
    assert '"rain"\n  at odd.jsonl:2\n' in found


def test_records_of_one_id_are_followed_by_their_bytes(folder: Path, inside: Inside) -> None:
    write(folder / "pool.jsonl", [{"id": 1, "text": "a", "s": 1}, {"id": 1, "text": "b", "s": 2}])
    select(inside, "--top-k 1")
    inside("explain", 1, *REPORT, "--format", "json", "-o", "found.json", "-q").silent()
    found = json.loads((folder / "found.json").read_bytes())
    outcomes = [account["decisions"][0]["outcome"] for account in found["records"]]
    assert outcomes == ["dropped", "kept"]
    assert found["warnings"] == ["pool.jsonl has 2 records called 1: all are shown"]


def test_a_record_without_id_is_called_by_file_and_line(
    folder: Path, inside: Inside, explain: Explain
) -> None:
    write(folder / "pool.jsonl", [{"text": "play", "s": n / 10} for n in range(12)])
    select(inside, "--threshold 0.5")
    for line, fate in (2, "dropped"), (11, "kept"):
        account = explain(f"pool.jsonl:{line}", *REPORT)
        assert account["decisions"][0]["outcome"] == fate
        assert account["record"]["s"] == (line - 1) / 10
        assert account["name"] == f"pool.jsonl:{line}"


def test_an_id_that_all_records_have_tells_nothing_apart(
    folder: Path, inside: Inside, explain: Explain
) -> None:
    write(folder / "pool.jsonl", [{"id": "x", "text": f"play {n}", "s": n} for n in range(300)])
    select(inside, "--top-k 30")
    inside("explain", "x", *REPORT).refused(1, "pool.jsonl:1: one of more than", "FILE:LINE")
    account = explain("pool.jsonl:290", *REPORT)
    assert (account["text"], account["decisions"][0]["outcome"]) == ("play 289", "kept")


def test_file_and_line_lead_to_the_id(folder: Path, explain: Explain) -> None:
    assert explain("pool.jsonl:4")["name"] == "r3"


@pytest.mark.parametrize(
    ("line", "other", "is_continued"),
    [
        (b'{"a": 1}', b'{"a": 1,"b":2}', True),
        (b'{"a": 1 }\r', b'{"a": 1 ,"b":2}', True),
        (b'{"a": 1}', b'{"a": 1}', True),
        (b'{"a": 1}', b'{"a": 12}', False),
        (b'{"a": 1}', b'{"b": 1}', False),
        (b"", b'{"b": 1}', False),
    ],
)
def test_a_line_is_continued_by_fields_at_its_end(
    line: bytes, other: bytes, is_continued: bool
) -> None:
    assert continues(line, other) is is_continued


def test_fields_of_other_names(folder: Path, explain: Explain) -> None:
    write(folder / "odd.jsonl", [{"meta": {"key": "k", "says": "play jazz"}}])
    options = ("--id-field", "meta.key", "--text-field", "meta.says")
    assert explain("k", "odd.jsonl", *options)["text"] == "play jazz"


def test_a_record_without_text_is_told_as_far_as_it_goes(folder: Path, explain: Explain) -> None:
    write(folder / "odd.jsonl", [{"id": "k", "x": 3}])
    account = explain("k", "odd.jsonl")
    assert account["text"] is None
    assert "--text-field" in account["notes"][0]


def test_compressed_files_patterns_and_standard_input(folder: Path, shell: Shell) -> None:
    (folder / "pool.jsonl.gz").write_bytes(gzip.compress((folder / "pool.jsonl").read_bytes()))
    assert b"at pool.jsonl.gz:3\n" in shell("dataselect explain r2 'pool*.gz'").silent()
    piped = shell("cat pool.jsonl | dataselect explain r2 --kept -").silent()
    assert b"at <stdin>:3\n" in piped
    assert b"1.00  r10 (<stdin>:11, 2 times, a copy)" in piped


def test_control_characters_are_spelt_out(folder: Path, shell: Shell) -> None:
    write(folder / "odd.jsonl", [{"id": "k", "text": "a\x1b[31m\u2028b"}])
    found = shell("dataselect explain k odd.jsonl").silent().decode()
    assert '"a\\x1b[31m\\u2028b"' in found


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_not_unicode_is_escaped(folder: Path, shell: Shell, form: str) -> None:
    name = os.fsdecode(b"odd\xff.jsonl")
    (folder / name).write_text(r'{"id": "k", "text": "play jazz", "half": "\ud800"}')
    found = shell(f"dataselect explain k odd* --format {form}").silent()
    assert rb"\ud800" in found
    assert rb"odd\udcff.jsonl" in found


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ("r99 pool.jsonl", 1, "no record of pool.jsonl has the id 'r99'; ids are such as r9"),
        ("zzz pool.jsonl", 1, "ids are such as r0"),
        ("7 bad.jsonl", 1, "bad.jsonl:1: not JSON"),
        ("r0 none.jsonl", 1, "none.jsonl: No such file or directory; check the name"),
        ("r0 .", 1, "name its files"),
        ("r0 cut.jsonl.gz", 1, "cut.jsonl.gz: .gz data ends too early"),
        ("pool.jsonl:99", 1, "pool.jsonl:99: there is no record"),
        ("bad.jsonl:1", 1, "bad.jsonl:1: not JSON"),
        ("bad.jsonl:2", 1, "bad.jsonl:2: there is no record"),
        ("r0 pool.jsonl --report pool.jsonl", 1, "it holds records; name what --report wrote"),
        ("r0 pool.jsonl --model pool.jsonl", 1, "pool.jsonl: "),
        ("r0 pool.jsonl --lm pool.jsonl", 1, "pool.jsonl"),
        ("r0 pool.jsonl -o pool.jsonl", 2, "pool.jsonl is also read"),
        ("r0 pool.jsonl --lm lm.arpa -o lm.arpa", 2, "lm.arpa is also read"),
        ("r0 pool.jsonl --top 0", 2, "--top"),
        ("r0 - -", 2, "standard input can be read once"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    folder: Path, inside: Inside, arguments: str, code: int, word: str
) -> None:
    (folder / "bad.jsonl").write_text('{"id": "7", "te\n\n{"id": "8", "text": "x"}\n')
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"id": "r0"}\n' * 50)[:-9])
    inside("explain", *arguments.split()).refused(code, word)


def test_records_without_any_id_are_said_to_be(folder: Path, inside: Inside) -> None:
    write(folder / "odd.jsonl", [{"text": "x"}])
    inside("explain", "r0", "odd.jsonl").refused(1, "--id-field", "FILE:LINE")


def test_runs_whose_files_are_all_gone_are_refused(folder: Path, inside: Inside) -> None:
    select(inside, "--top-k 3")
    for name in ("pool", "kept", "dropped"):
        (folder / f"{name}.jsonl").unlink()
    inside("explain", "r0", *REPORT).refused(1, "run.json: none of the files", "name FILES")


def test_bad_lines_do_not_matter_but_are_told_where_they_may_be_the_record(
    folder: Path, inside: Inside
) -> None:
    with (folder / "pool.jsonl").open("a") as pool:
        pool.write('{"id": "r0", "te\nnonsense\n')
    found = inside("explain", "r0", "pool.jsonl", "-o", "found.txt")
    assert found.code == 0
    assert found.err.startswith("dataselect: warning: pool.jsonl:25: not JSON")
    assert found.err.endswith("it may be the record\n")
    inside("explain", "r1", "pool.jsonl", "-o", "found.txt").silent()


def test_a_reader_that_leaves_early_is_success(folder: Path, shell: Shell) -> None:
    found = shell("dataselect explain r0 pool.jsonl --kept pool.jsonl | head -n 1").silent()
    assert found == b"r0: found\n"


def test_a_full_disk_is_said(folder: Path, shell: Shell) -> None:
    shell("dataselect explain r0 pool.jsonl > /dev/full").refused(1, "<stdout>", "No space left")


def test_nothing_is_written_where_nothing_is_found(folder: Path, inside: Inside) -> None:
    inside("explain", "nobody", "pool.jsonl", "-o", "found.txt").refused(1, "nobody")
    assert not (folder / "found.txt").exists()


# -- numbers ----------------------------------------------------------------------------------


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-9, max_value=1e9))
def test_numbers_are_rounded_to_the_side_that_is_asked_for(number: float) -> None:
    for value in (number, -number):
        low, high = float(spelled(value, up=False)), float(spelled(value, up=True))
        assert low <= value <= high
        assert high - low <= max(abs(value) * 0.01, 1) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("number", "up", "expected"),
    [
        (0.41837, False, "0.418"),
        (0.41837, True, "0.419"),
        (4183.7, True, "4184"),
        (12, True, "12"),
        (1.1e-05, False, "0.000011"),  # its binary value is a little less
    ],
)
def test_numbers_have_three_digits(number: float, up: bool, expected: str) -> None:
    assert spelled(number, up=up) == expected

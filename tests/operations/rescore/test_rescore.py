"""The command `rescore`: what it writes, tunes, compares and refuses."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from conftest import MUSIC_ARPA as ARPA
from conftest import Inside, Shell
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.models.normalization import Normalization
from dataselect.operations.rescore.log_linear import LogLinear
from dataselect.operations.rescore.scorer import RescoreScorer

PLAY_JAZZ = (-0.5 - 0.5) - 0.25 + (-0.125 - 1)
PAPERS_RULE = ("--lm-weight", 1, "--score-weight", 0)

Record = dict[str, Any]


def record(ref: str, *hypotheses: tuple[str, float], **features: list[float]) -> Record:
    """A record of a list; each feature has a value a hypothesis."""
    nbest: list[Record] = [{"text": text, "score": score} for text, score in hypotheses]
    for i, own in enumerate(nbest):
        own["features"] = {name: values[i] for name, values in features.items()}
    return {"id": ref, "nbest": nbest, "ref": ref}


def write(path: Path, records: list[Record]) -> None:
    path.write_text("".join(json.dumps(each) + "\n" for each in records))


def rows(text: bytes) -> list[Record]:
    return [json.loads(line) for line in text.splitlines()]


PLAY = record("play jazz", ("play chess", -1), ("play jazz", -2), ("pay", -3))
STOP = record("stop now", ("stop now", -1), ("now", -4))


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder with a model, lists, and lists to tune on, whose `hint` tells the right one."""
    (tmp_path / "music.arpa").write_text(ARPA)
    write(tmp_path / "lists.jsonl", [PLAY, STOP])
    dev = [
        record(
            f"play some {word} by them",
            (f"play some {word} by then", -1),
            (f"play some {word} by them", -1.5 - i % 3),
            (f"play {word} by", -9),
            hint=[i % 2, 2 + i % 2, 0],
        )
        for i, word in enumerate(["rock", "polka", "soul", "house", "disco", "punk", "folk"])
    ]
    write(tmp_path / "dev.jsonl", dev)
    write(tmp_path / "in_domain.jsonl", [{"text": "PLAY JAZZ!"}, {"text": "Stop, now."}])
    return tmp_path


def test_the_winner_and_what_is_known_of_it_by_hand(world: Path, shell: Shell) -> None:
    done = shell(
        "cat lists.jsonl | dataselect rescore -q --lm music.arpa --lm-weight 2 --length-weight -1"
        " --oov-weight 0.25"
    ).silent()
    first = rows(done)[0]
    lm = PLAY_JAZZ * math.log(10)
    assert list(first) == ["id", "ref", "text", "rescored"]
    assert first["text"] == "play jazz"
    assert first["rescored"] == {
        "rank": 2,
        "total": pytest.approx(-2 + 2 * lm - 2),
        "score": -2,
        "lm": pytest.approx(lm),
        "words": 2,
        "oov": 0,
        "perplexity": pytest.approx(10 ** (-PLAY_JAZZ / 3)),
    }


def test_the_list_stays_if_asked_for(world: Path, inside: Inside) -> None:
    arguments = ["rescore", "-q", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments, "--keep-nbest").silent()
    assert rows((world / "out.jsonl").read_bytes())[0]["nbest"] == PLAY["nbest"]


@pytest.mark.parametrize("odd", [False, True], ids=["decoded", "one bad list beside it"])
def test_slots_of_the_winner_stay_with_it_and_those_of_the_record_as_they_were(
    world: Path, inside: Inside, odd: bool
) -> None:
    artist = {"slot": "genre", "start": 5, "end": 9, "value": "jazz"}
    own = record("play jazz", ("pläy chess", -1), ("play jazz", -2), ("play jazz", -3))
    own["nbest"][0] |= {"slots": [], "slots_confidence": 0}
    own["nbest"][1] |= {"slots": [artist], "slots_confidence": 0.5}
    source = [{"slot": "genre", "start": 7, "end": 11}]
    bad: list[Record] = [{"nbest": []}] if odd else []
    write(world / "lists.jsonl", [{"text": "spiele Jazz", "slots": source, **own}, STOP, *bad])
    arguments = ["rescore", "-q", "--lm", "music.arpa", "--on-error", "skip", *PAPERS_RULE]
    inside(*arguments, "--text-field", "text_en", "lists.jsonl", "-o", "out.jsonl")
    found, without = rows((world / "out.jsonl").read_bytes())
    assert (found["text"], found["slots"], found["text_en"]) == ("spiele Jazz", source, "play jazz")
    assert found["rescored"]["slots"] == [artist]
    assert found["rescored"]["slots_confidence"] == 0.5
    assert not {"slots", "slots_confidence"} & without["rescored"].keys()


def test_a_confidence_of_slots_can_be_a_feature(world: Path, inside: Inside) -> None:
    own = record("play jazz", ("play jazz", -1), ("play chess", -1))
    for hypothesis, confidence in zip(own["nbest"], (0.25, 0.75), strict=True):
        hypothesis |= {"slots": [], "slots_confidence": confidence}
    write(world / "lists.jsonl", [own])
    weights = ("--feature", "slots_confidence=9", "--lm-weight", 0, "--score-weight", 0)
    arguments = ["rescore", "-q", "--lm", "music.arpa", *weights, "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments).silent()
    [found] = rows((world / "out.jsonl").read_bytes())
    assert found["text"] == "play chess"
    assert found["rescored"]["slots_confidence"] == 0.75
    assert found["rescored"]["slots"] == []


def test_an_older_text_makes_room_for_the_winner(world: Path, inside: Inside) -> None:
    write(world / "lists.jsonl", [{"text": "old", **PLAY, "rescored": 1, "n": 1}])
    arguments = ["rescore", "-q", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments, *PAPERS_RULE).silent()
    [found] = rows((world / "out.jsonl").read_bytes())
    assert list(found) == ["id", "ref", "n", "text", "rescored"]
    assert found["text"] == "play jazz"


def test_the_papers_rule_needs_no_score(world: Path, inside: Inside) -> None:
    write(world / "lists.jsonl", [{"nbest": [{"text": "play chess"}, {"text": "play jazz"}]}])
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl", *PAPERS_RULE]
    inside(*arguments, "-q").silent()
    [found] = rows((world / "out.jsonl").read_bytes())
    assert (found["text"], "score" in found["rescored"]) == ("play jazz", False)


@pytest.mark.parametrize(("weight", "winner"), [(-2, "play chess"), (2, "pay")])
def test_any_number_of_a_hypothesis_can_have_a_weight(
    world: Path, inside: Inside, weight: float, winner: str
) -> None:
    write(world / "lists.jsonl", [record("", ("play chess", -1), ("pay", -2), hint=[1, 5])])
    arguments = ["rescore", "-q", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments, "--lm-weight", 0, "--feature", f"features.hint={weight}").silent()
    [found] = rows((world / "out.jsonl").read_bytes())
    assert found["text"] == winner
    assert found["rescored"]["features.hint"] == (5 if winner == "pay" else 1)


def test_the_default_leans_on_the_order_of_the_list_whatever_the_scale(
    world: Path, inside: Inside
) -> None:
    """The second is better to the model, but not by so much that the first is given up."""
    for scale in (0.001, 1, 1000):
        lists = [
            record("", *[(text, scale * score) for text, score in hypotheses])
            for hypotheses in (
                [("play chess", -1.0), ("play jazz", -3.0), ("go", -4.0)],
                [("play chess", -1.0), ("play jazz", -1.1), ("go", -4.0)],
            )
        ]
        write(world / "lists.jsonl", lists)
        arguments = ["rescore", "-q", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
        inside(*arguments).silent()
        found = rows((world / "out.jsonl").read_bytes())
        assert [each["text"] for each in found] == ["play chess", "play jazz"]


def test_normalisation_is_for_the_model_and_not_for_the_output(world: Path, inside: Inside) -> None:
    write(world / "lists.jsonl", [record("", ("Play chess.", -1), ("PLAY, Jazz!", -1))])
    arguments = ["rescore", "-q", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments, *PAPERS_RULE, "--lowercase", "--remove-punctuation").silent()
    [found] = rows((world / "out.jsonl").read_bytes())
    assert (found["text"], found["rescored"]["oov"]) == ("PLAY, Jazz!", 0)


def test_a_model_trained_on_the_spot_is_trained_on_normalised_text(
    world: Path, inside: Inside
) -> None:
    write(world / "lists.jsonl", [record("", ("play jazz stop now", 0))])
    arguments = ["rescore", "-q", "--in-domain", "in_domain.jsonl", "lists.jsonl"]
    inside(*arguments, "--lowercase", "--remove-punctuation", "-o", "out.jsonl").silent()
    [found] = rows((world / "out.jsonl").read_bytes())
    assert found["rescored"]["oov"] == 0


def test_an_empty_text_wins_only_where_all_are_empty(world: Path, inside: Inside) -> None:
    lists = [record("", ("", 9), ("play", -9)), record("", ("", 0), (" ", 1))]
    write(world / "lists.jsonl", lists)
    arguments = ["rescore", "-q", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments).silent()
    found = rows((world / "out.jsonl").read_bytes())
    assert [each["text"] for each in found] == ["play", ""]


@pytest.mark.parametrize("metric", ["wer", "bleu"])
def test_tuned_weights_are_saved_and_used_again(world: Path, inside: Inside, metric: str) -> None:
    lists = record("a b", ("a c", -1), ("a b", -2), hint=[0, 2])
    write(world / "lists.jsonl", [lists])
    inside(
        *("rescore", "-q", "--lm", "music.arpa", "lists.jsonl", "-o", "tuned.jsonl"),
        *("--tune", "dev.jsonl", "--metric", metric),
        *("--feature", "hint", "--save-weights", "weights.json", "--report", "report.json"),
    ).silent()
    [found] = rows((world / "tuned.jsonl").read_bytes())
    assert found["text"] == "a b"
    report = json.loads((world / "report.json").read_text())["rescore"]
    saved = json.loads((world / "weights.json").read_text())
    assert saved["weights"] == report["weights"]
    assert saved["tuned"] == report["tuned"]
    assert saved["tuned"]["kept"]
    arguments = ["rescore", "--lm", "music.arpa", "--load-weights", "weights.json", "lists.jsonl"]
    inside(*arguments, "-q", "-o", "again.jsonl").silent()
    assert (world / "again.jsonl").read_bytes() == (world / "tuned.jsonl").read_bytes()


def test_weights_of_another_model_are_used_with_a_warning(world: Path, inside: Inside) -> None:
    arguments = ["rescore", "lists.jsonl", "-o", "out.jsonl", "--lm", "music.arpa"]
    inside(*arguments, "-q", *PAPERS_RULE, "--save-weights", "weights.json").silent()
    (world / "music.arpa").write_text(ARPA.replace("-0.75	jazz", "-0.5	jazz"))
    done = inside(*arguments, "--load-weights", "weights.json")
    assert done.code == 0
    assert "warning: the weights were made for another language model" in done.err


def test_evaluation_stands_beside_first_best_oracle_and_random(world: Path, inside: Inside) -> None:
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    done = inside(*arguments, "--evaluate", "wer", "--report", "report.json")
    assert done.code == 0
    lines = done.err.splitlines()
    assert lines[0].startswith("dataselect: 2 lists, seed 0; wer|norm:none|")
    assert [line.split()[0] for line in lines[1:7]] == [
        *("WER", "first-best", "rescored", "oracle", "oracle", "random")
    ]
    [found] = json.loads((world / "report.json").read_text())["rescore"]["evaluation"]
    values = {name: each["value"] for name, each in found["systems"].items()}
    assert (values["first-best"], values["oracle"]) == (25, 0)
    assert values["rescored"] in (0, 25)
    compared = found["systems"]["oracle"]["against_first_best"]
    assert (compared["baseline"], compared["difference"]) == (25, -25)


def test_the_oracle_of_shorter_lists_stands_beside_that_of_whole_ones(
    world: Path, inside: Inside
) -> None:
    """The right one is the third of one list, and the ninth of the other."""
    for_one = [("jazz", -1), ("jazz", -2), ("play jazz", -3)]
    for_other = [*[("play", -each) for each in range(8)], ("play jazz now", -9)]
    write(
        world / "lists.jsonl",
        [record("play jazz", *for_one), record("play jazz now", *for_other)],
    )
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    assert inside(*arguments, "--evaluate", "wer", "--report", "report.json").code == 0
    [found] = json.loads((world / "report.json").read_text())["rescore"]["evaluation"]
    values = {name: round(each["value"]) for name, each in found["systems"].items()}
    oracles = [values[f"oracle{of}"] for of in (" of 2", " of 4", " of 8", "")]
    assert oracles == [60, 40, 40, 0]  # of five words


def test_silence_is_a_reference_and_every_way_picks_from_the_list_as_it_is(
    world: Path, inside: Inside
) -> None:
    """Of two hypotheses one is empty, and right: only rescored must not take it."""
    write(world / "lists.jsonl", [record("", ("", -1), ("play", -2))] * 9)
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    done = inside(*arguments, "--evaluate", "wer", "--report", "report.json")
    assert done.code == 0, done.err
    [found] = json.loads((world / "report.json").read_text())["rescore"]["evaluation"]
    values = {name: each["value"] for name, each in found["systems"].items()}
    assert (values["first-best"], values["oracle"], values["rescored"]) == (0, 0, 900)
    assert 0 < values["random"] < 900


def test_a_rescoring_that_hurts_is_called_so(world: Path, inside: Inside) -> None:
    write(world / "lists.jsonl", [record("play chess", ("play chess", -1), ("play jazz", -9))] * 5)
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    done = inside(*arguments, *PAPERS_RULE, "--evaluate", "wer")
    assert "warning: rescored is worse than first-best: WER 50.00 against 0.00" in done.err


def test_tuning_in_vain_is_called_so(world: Path, inside: Inside) -> None:
    right = [record("play chess", ("play chess", -1), ("play jazz", -2)) for _ in range(6)]
    write(world / "dev.jsonl", right)
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    done = inside(*arguments, "--tune", "dev.jsonl", "--metric", "wer")
    assert "warning: tuning on 6 lists is no use: WER 0.00" in done.err


def test_winners_go_on_into_winnow(world: Path, shell: Shell) -> None:
    found = rows(
        shell(
            "dataselect rescore -q --lm music.arpa --share 50% lists.jsonl"
            " | dataselect winnow -q --lm music.arpa"
        ).silent()
    )
    assert [each["text"] for each in found] == ["play chess"]
    assert found[0]["perplexity"] == pytest.approx(found[0]["rescored"]["perplexity"])


def test_workers_write_the_same_bytes(world: Path, shell: Shell) -> None:
    command = "dataselect rescore -q --lm music.arpa lists.jsonl dev.jsonl"
    assert shell(f"{command} --jobs 2").silent() == shell(command).silent()


WORDS = st.lists(st.sampled_from(["play", "jazz", "chess", "", "é"]), max_size=4).map(" ".join)
LIST = st.lists(st.tuples(WORDS, st.floats(-9, 9)), min_size=1, max_size=5)


@given(lists=st.lists(LIST, max_size=6), size=st.integers(1, 3), standardised=st.booleans())
def test_a_winner_does_not_depend_on_the_batch(
    tmp_path_factory: pytest.TempPathFactory, lists: list[Any], size: int, standardised: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "batch.arpa"
    path.write_text(ARPA)
    weights = {"score": 0.3, "lm": 0.7, "words": 0.1, "oov": -0.2}
    model = LogLinear(weights, standardised=standardised, normalization=Normalization(True))
    scorer = RescoreScorer(LanguageModel(str(path)), model)
    check = scorer.nbest.column.check
    values = [check(record("", *own)["nbest"]) for own in lists]
    together = scorer.score([values])
    batches = [scorer.score([values[i : i + size]]) for i in range(0, len(values), size)]
    assert [each for batch in batches for each in batch.values] == together.values.tolist()
    for name, fields in together.fields.items():
        assert [each for batch in batches for each in batch.fields[name]] == fields


def test_one_bad_list_is_left_out_and_the_rest_is_rescored(world: Path, inside: Inside) -> None:
    write(world / "lists.jsonl", [PLAY, {"nbest": []}, {"ref": "x"}, STOP])
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments, "-q", "--on-error", "bad.jsonl", "--evaluate", "wer").silent()
    assert len(rows((world / "out.jsonl").read_bytes())) == 2
    bad = rows((world / "bad.jsonl").read_bytes())
    assert [(each["line"], each["reason"].split(";")[0]) for each in bad] == [
        (2, "field 'nbest' is an empty list"),
        (3, "field 'nbest' is missing"),
    ]


BAD = {
    '{"nbest": null}': "is not an array",
    '{"nbest": [{"score": 1}]}': "hypothesis 1 without 'text'",
    '{"nbest": [{"text": "a"}]}': "hypothesis 1 without 'score'",
    '{"nbest": [{"text": "a", "score": NaN}]}': "NaN is not JSON",
    '{"nbest": [{"text": "a", "score": null}]}': "'score' of hypothesis 1 that is null",
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_list_is_named_by_file_and_line(world: Path, inside: Inside, line: str) -> None:
    write(world / "lists.jsonl", [PLAY])
    with (world / "lists.jsonl").open("a") as file:
        file.write(line + "\n")
    outcome = inside("rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl")
    outcome.refused(1, "lists.jsonl:2: ", BAD[line], ";")
    assert not (world / "out.jsonl").exists()


REFUSED = {
    "": (2, ["--lm FILE"]),
    "--lm music.arpa --score-weight 2": (2, ["give --lm-weight"]),
    "--lm music.arpa --lm-weight 0 --score-weight 0": (2, ["not all of them 0"]),
    "--lm music.arpa --lm-weight nan": (2, ["up to a million"]),
    "--lm music.arpa --lm-weight 1 --feature hint": (2, ["NAME=0.5"]),
    "--lm music.arpa --lm-weight 1 --feature hint=x": (2, ["NAME=0.5"]),
    "--lm music.arpa --lm-weight 1 --feature =1": (2, ["NAME=0.5"]),
    "--lm music.arpa --lm-weight 1 --feature lm=1": (2, ["features.lm"]),
    "--lm music.arpa --lm-weight 1 --feature hint=1": (1, ["lists.jsonl:1", "'hint'", "--feature"]),
    "--lm music.arpa --unknown ": (2, ["--unknown"]),
    "--lm music.arpa --nbest-field a.b": (2, ["--keep-nbest"]),
    "--lm music.arpa --nbest-field lists": (1, ["field 'lists' is missing", "--nbest-field"]),
    "--lm music.arpa --evaluate wrong": (2, ["not a metric"]),
    "--lm music.arpa --evaluate wer --reference-field x": (1, ["lists.jsonl:1", "'x' is missing"]),
    "--lm music.arpa --tune dev.jsonl": (2, ["--metric"]),
    "--lm music.arpa --metric wer": (2, ["--tune"]),
    "--lm music.arpa --tune dev.jsonl --metric wer --load-weights dev.jsonl": (
        2,
        ["--load-weights"],
    ),
    "--lm music.arpa --tune one.jsonl --metric wer": (1, ["one.jsonl", "2 lists or more"]),
    "--lm music.arpa --tune bare.jsonl --metric wer": (1, ["bare.jsonl:1", "'ref' is missing"]),
    "--lm music.arpa --tune - --metric wer -": (2, ["standard input can be read once"]),
    "--lm music.arpa --load-weights dev.jsonl": (1, ["dev.jsonl", "--save-weights"]),
    "--lm music.arpa --load-weights missing": (1, ["missing", "No such file"]),
    "--lm music.arpa --load-weights dev.jsonl --lowercase": (2, ["leave other options"]),
    "--lm music.arpa --load-weights dev.jsonl --lm-weight 1": (2, ["leave other options"]),
    "--lm missing.arpa": (1, ["missing.arpa"]),
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refuses_with_one_line(world: Path, inside: Inside, arguments: str) -> None:
    write(world / "one.jsonl", [PLAY])
    write(world / "bare.jsonl", [{"nbest": PLAY["nbest"]}])
    code, words = REFUSED[arguments]
    source = [] if arguments.endswith(" -") else ["lists.jsonl"]
    spelled = arguments.split(" ") if arguments else []
    outcome = inside("rescore", *source, *spelled, "-o", "out.jsonl")
    outcome.refused(code, *words)
    assert not (world / "out.jsonl").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_empty_winner_is_said(world: Path, inside: Inside, jobs: int) -> None:
    write(world / "lists.jsonl", [record("", ("", 0)), PLAY])
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    assert "1 records have an empty text" in inside(*arguments, "--jobs", jobs).err


def test_a_budget_of_words_counts_those_of_the_winner(world: Path, inside: Inside) -> None:
    arguments = ["rescore", "-q", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments, "--budget", 2, "--cost", "words").silent()
    assert len(rows((world / "out.jsonl").read_bytes())) == 1


@pytest.mark.parametrize("name", ["rank", "total", "perplexity"])
def test_a_feature_does_not_take_the_place_of_what_is_told(
    world: Path, inside: Inside, name: str
) -> None:
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments, "--lm-weight", 1, "--feature", f"{name}=1").refused(2, f"features.{name}")


def test_the_unknown_token_does_not_change_how_words_are_split(world: Path, shell: Shell) -> None:
    write(world / "lists.jsonl", [record("", ("play\u00a0jazz <unk>", 0))])
    command = "dataselect rescore -q --lm music.arpa lists.jsonl"
    for options in ("", "--unknown '<unk>'"):
        [found] = rows(shell(f"{command} {options}").silent())
        assert (found["rescored"]["words"], found["rescored"]["oov"]) == (3, 1)


def test_tuning_can_do_without_a_score(world: Path, inside: Inside) -> None:
    lists = [record("a b", ("a c", -1), ("a b", -2), hint=[0, 2])]
    dev = rows((world / "dev.jsonl").read_bytes())
    for each in (*lists, *dev):
        for hypothesis in each["nbest"]:
            del hypothesis["score"]
    write(world / "lists.jsonl", lists)
    write(world / "dev.jsonl", dev)
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl", "--feature"]
    tuning = ["hint", "--tune", "dev.jsonl", "--metric", "wer", "--save-weights", "w.json"]
    inside(*arguments, *tuning).refused(1, "dev.jsonl:1", "--tune with --score-weight 0")
    inside(*arguments, *tuning, "-q", "--score-weight", 0).silent()
    assert rows((world / "out.jsonl").read_bytes())[0]["text"] == "a b"
    assert json.loads((world / "w.json").read_text())["weights"]["score"] == 0


ODD_LISTS = {
    "scores that are costs": (
        record("", ("play jazz", 1), ("play", 2), ("pay", 3)),
        (),
        "6 records have a list whose first hypothesis scores worst",
    ),
    "an unknown token": (record("", ("play <unk>", 1)), (), "6 records have a winner with '<unk>'"),
    "digits": (
        record("play 7", ("play seven", 1)),
        ("--evaluate", "wer"),
        "6 of 6 references hold digits that no hypothesis of their list has",
    ),
}


@pytest.mark.parametrize("case", ODD_LISTS)
def test_what_is_odd_about_lists_is_said(world: Path, inside: Inside, case: str) -> None:
    odd, options, said = ODD_LISTS[case]
    write(world / "lists.jsonl", [odd] * 6)
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    assert said in inside(*arguments, *options).err
    plain = record("play now", ("play now", -1), ("play <s>", -2))
    write(world / "lists.jsonl", [plain] * 6)
    assert "warning" not in inside(*arguments, *options).err


def test_the_weight_of_a_given_model_is_told(world: Path, inside: Inside) -> None:
    """Without its text nothing tells how much it should weigh."""
    write(world / "lists.jsonl", [record("play now", ("play now", -1), ("play", -2))] * 6)
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    weights = ((), ("--lm-weight", "1"), ("-q",))
    told = ["the model of --lm weighs 0.3" in inside(*arguments, *each).err for each in weights]
    assert told == [True, False, False]


def test_the_key_of_a_text_is_named(world: Path, inside: Inside) -> None:
    (world / "lists.jsonl").write_text('{"nbest": [{"hyp": "a", "score": 1}]}\n')
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments).refused(1, "without 'text', but with 'hyp', 'score'; call its text 'text'")


@pytest.mark.parametrize("number", [1e101, -1e300])
def test_a_number_that_could_not_be_weighed_is_a_bad_record(
    world: Path, inside: Inside, number: float
) -> None:
    write(world / "lists.jsonl", [record("", ("play", number), ("jazz", 1))])
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments).refused(1, "lists.jsonl:1", "too large to be weighed")


@pytest.mark.parametrize("field", ["meta.text", "nbest", "rescored"])
def test_the_winner_has_a_field_of_its_own(world: Path, inside: Inside, field: str) -> None:
    arguments = ["rescore", "--lm", "music.arpa", "lists.jsonl", "-o", "out.jsonl"]
    inside(*arguments, "--text-field", field).refused(2, field)


def test_numbers_in_words(world: Path, inside: Inside) -> None:
    """References and in-domain text have digits, a recogniser words."""
    pytest.importorskip("num2words", reason="the package num2words, an extra, is not installed")
    write(world / "told.jsonl", [record("wake me at 7", ("wake me at seven", -1), ("woke", -2))])
    write(world / "alarms.jsonl", [{"text": f"wake me at {hour}"} for hour in range(1, 12)])
    given = ("--in-domain", "alarms.jsonl", "--evaluate", "wer", "--report", "report.json")
    rates = []
    spelt = ((), ("--spell-numbers", "en", "--save-weights", "weights.json"))
    for options in spelt:
        inside("rescore", "-q", *given, *options, "told.jsonl", "-o", "out.jsonl").silent()
        report = json.loads((world / "report.json").read_text())["rescore"]
        rates.append(report["evaluation"][0]["systems"]["rescored"]["value"])
    assert rates == [25.0, 0.0]
    said = [inside("rescore", *given, *each, "told.jsonl", "-o", "out.jsonl").err for each in spelt]
    assert ["--spell-numbers en does" in each for each in said] == [True, False]
    again = ("--load-weights", "weights.json", "--report", "report.json")
    inside("rescore", "-q", "--in-domain", "alarms.jsonl", *again, "told.jsonl").silent()
    assert "numbers=en" in json.loads((world / "report.json").read_text())["signature"]

"""`lm train`: the command, and the choice of words."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import Inside, Shell, kenlm_model

from dataselect.models.language_model import arpa
from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.models.language_model.trainers import train, train_batches

TEXTS = ["play some jazz", "play the blues", "some more of the same", "play the same song"]
TRAIN = ("lm", "train")


def write(folder: Path, *texts: str, name: str = "text.jsonl") -> None:
    lines = [json.dumps({"text": text}) + "\n" for text in texts]
    (folder / name).write_text("".join(lines))


@pytest.fixture
def world(tmp_path: Path) -> Path:
    write(tmp_path, *TEXTS)
    (tmp_path / "lm.arpa").write_bytes(b"old\n")
    return tmp_path


# -- the command ------------------------------------------------------------------------------


def test_it_writes_the_model_and_says_how_large_it_is(world: Path, inside: Inside) -> None:
    found = inside("lm", "train", "text.jsonl", "--order", 2, "-o", "lm.arpa")
    assert found.code == 0
    assert found.err.endswith(
        "dataselect: trained on 15 words in 4 sentences: 12 + 15 n-grams\n"
    ), found.err
    expected = b"".join(arpa.write(train(TEXTS, order=2).model))
    assert (world / "lm.arpa").read_bytes() == expected


def test_it_reads_standard_input_and_writes_standard_output(
    world: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from conftest import run_inside

    monkeypatch.chdir(world)
    with open("text.jsonl", "rb") as source:
        before = os.dup(0)
        os.dup2(source.fileno(), 0)
        try:
            assert run_inside(*TRAIN, "-q").silent() == b""
        finally:
            os.dup2(before, 0)
            os.close(before)
    assert capfdbinary.readouterr().out == b"".join(arpa.write(train(TEXTS).model))


def test_ten_sentences_make_a_model_that_kenlm_loads(tmp_path: Path, inside: Inside) -> None:
    texts = [
        f"{verb} the {noun}" for verb in ("play", "stop") for noun in ("jazz", "blues", "songs")
    ]
    write(tmp_path, *texts, *TEXTS)
    found = inside(*TRAIN, "text.jsonl", "-o", "lm.arpa.gz")
    assert found.code == 0
    path = tmp_path / "lm.arpa.gz"
    texts = ["stop the blues", "blues stop the"]
    likely, unlikely = LanguageModel(str(path)).text_scores(texts).log_probs
    assert likely > unlikely
    assert [likely, unlikely] == list(map(kenlm_model(path).score, texts))


def test_the_report_has_counts_discounts_and_options(world: Path, inside: Inside) -> None:
    inside(
        *TRAIN, "text.jsonl", "--prune", "0 0 1", "-o", "lm.arpa", "-q", "--report", "r"
    ).silent()
    report = json.loads((world / "r").read_bytes())
    assert report["command"] == "lm train"
    assert report["counts"] == {"read": 4, "kept": 4, "dropped": 0, "errors": 0}
    found = report["lm train"]
    assert (found["words"], found["sentences"]) == (15, 4)
    assert found["ngrams"] == [12, 15, 1]
    assert found["pruned"] == [0, 0, 13]
    assert found["discount_fallbacks"] == [1, 2, 3]
    assert found["discounts"] == [[0.5, 1, 1.5]] * 3
    assert report["options"]["prune"] == ["0 0 1"]


@pytest.mark.parametrize("given", [["0 1"], ["0", "1"], ["0,1"]], ids=str)
def test_pruning_is_given_at_once_or_one_by_one(
    world: Path, inside: Inside, given: list[str]
) -> None:
    options = [word for each in given for word in ("--prune", each)]
    inside(*TRAIN, "text.jsonl", *options, "-o", "lm.arpa", "-q").silent()
    expected = b"".join(arpa.write(train(TEXTS, prune=[0, 1]).model))
    assert (world / "lm.arpa").read_bytes() == expected


def test_only_the_words_of_a_vocabulary_are_known(world: Path, inside: Inside) -> None:
    (world / "words").write_bytes(b"<s> play some\n jazz\n\nthe\tnever </s>\n<unk>\n")
    inside(*TRAIN, "text.jsonl", "--vocab", "words", "-o", "lm.arpa", "-q").silent()
    model = arpa.read(str(world / "lm.arpa"))
    assert model.vocabulary.words[3:] == [b"play", b"some", b"jazz", b"the", b"never"]
    found = LanguageModel(str(world / "lm.arpa")).text_scores(["some thing", "some never"])
    assert found.oov.tolist() == [1, 0]
    assert found.log_probs[0] > found.log_probs[1]  # other words were heard after it, never not


def test_only_words_that_are_seen_often_enough_are_known(world: Path, inside: Inside) -> None:
    inside(*TRAIN, "text.jsonl", "--min-count", 2, "-o", "lm.arpa", "-q").silent()
    known = arpa.read(str(world / "lm.arpa")).vocabulary.words
    assert known[3:] == [b"play", b"some", b"the", b"same"]


def test_bad_records_are_told_or_left_out(world: Path, inside: Inside) -> None:
    with (world / "text.jsonl").open("a") as file:
        file.write('{"text": ""}\n{"text": "more"}\n')
    inside(*TRAIN, "text.jsonl", "-o", "lm.arpa").refused(1, "text.jsonl:5: field 'text' is empty")
    assert (world / "lm.arpa").read_bytes() == b"old\n"
    inside(*TRAIN, "text.jsonl", "-o", "lm.arpa", "-q", "--on-error", "bad").silent()
    assert json.loads((world / "bad").read_bytes())["line"] == 5
    expected = b"".join(arpa.write(train([*TEXTS, "more"]).model))
    assert (world / "lm.arpa").read_bytes() == expected


REFUSED = {
    "an empty file": (["empty.jsonl"], 3, "nothing was kept of 0 records"),
    "nothing even if that is accepted": (
        ["empty.jsonl", "--allow-empty"],
        1,
        "there is no text to train on",
    ),
    "thresholds without quotes": (
        ["text.jsonl", "--prune", "0", "0", "1"],
        2,
        "quote the thresholds: --prune '0 0 1'",
    ),
    "thresholds that are no numbers": (["text.jsonl", "--prune", "0 x"], 2, "--prune 0 x is not"),
    "thresholds that fall": (["text.jsonl", "--prune", "0 2 1"], 2, "--prune 0 2 1 falls"),
    "two choices of words": (
        ["text.jsonl", "--vocab", "words", "--min-count", "2"],
        2,
        "--vocab and --min-count both choose the words",
    ),
    "a vocabulary that is not there": (["text.jsonl", "--vocab", "none"], 1, "none: No such file"),
    "a vocabulary without words": (
        ["text.jsonl", "--vocab", "empty.jsonl"],
        1,
        "empty.jsonl: no words",
    ),
    "the vocabulary as the output": (
        ["text.jsonl", "--vocab", "words", "-o", "words"],
        2,
        "words is also read",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_work_is_refused(
    world: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    options, code, why = REFUSED[case]
    (world / "empty.jsonl").touch()
    (world / "words").write_text("play jazz\n")
    monkeypatch.setenv("PATH", str(world))
    inside(*TRAIN, *(["-o", "lm.arpa"] if "-o" not in options else []), *options).refused(code, why)
    assert (world / "lm.arpa").read_bytes() == b"old\n"


# -- text -------------------------------------------------------------------------------------

TRAPS = ["<s>", "</s> </s>", "say <unk> now", "<UNK>", "a\0b", "say </s> now", "\u2028 \u00a0 x\ny"]


def test_markers_in_text_are_words_like_any_other(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path, *TRAPS)
    inside(*TRAIN, "text.jsonl", "-o", "lm.arpa", "-q").silent()
    path = str(tmp_path / "lm.arpa")
    scores = LanguageModel(path).text_scores(TRAPS)
    assert scores.oov.tolist() == [0] * len(TRAPS)
    assert scores.words.tolist() == [1, 2, 3, 1, 2, 3, 2]
    model = arpa.read(path)
    assert b"&lt;unk&gt;" in model.vocabulary.words
    for text, expected in zip(TRAPS, scores.log_probs, strict=True):
        found = model.score(model.vocabulary.encode([text])).log_probs.sum()
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_batches_do_not_matter(size: int) -> None:
    batches = (TEXTS[first : first + size] for first in range(0, len(TEXTS), size))
    found = train_batches(batches).model
    assert b"".join(arpa.write(found)) == b"".join(arpa.write(train(TEXTS).model))


def test_text_is_normalised_in_training_and_evaluation(tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "loud.jsonl").write_text(
        '{"text": "PLAY, some jazz!"}\n{"text": "play some Jazz"}\n'
    )
    (tmp_path / "low.jsonl").write_text('{"text": "play some jazz"}\n' * 2)
    options = "--lowercase --remove-punctuation"
    loud = shell(f"dataselect lm train -q loud.jsonl {options}").silent()
    assert loud == shell("dataselect lm train -q low.jsonl").silent()
    (tmp_path / "low.arpa").write_bytes(loud)
    evaluate = "dataselect lm eval -q --lm low.arpa"
    normalised = shell(f"{evaluate} loud.jsonl {options}").silent()
    assert normalised == shell(f"{evaluate} low.jsonl").silent()
    assert normalised != shell(f"{evaluate} loud.jsonl").silent()

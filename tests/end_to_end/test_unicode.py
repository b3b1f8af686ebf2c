"""Canonically equal texts are equal, and what cannot be seen changes no word, for every command."""

import json
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside
from hypothesis import given, settings
from hypothesis import strategies as st

from dataselect.execution.block import counted
from dataselect.models.encoders.lexical import Lexical
from dataselect.models.intent_classifier.features import feature_counts
from dataselect.models.language_model.scoring.spelling import Spelling
from dataselect.models.language_model.trainers import train
from dataselect.models.language_model.vocabulary import Vocabulary, composed_words, split
from dataselect.models.metrics import METRICS, metric
from dataselect.models.near_duplicates import canonical as copied
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.normalization import Normalization, all_composed, composed
from dataselect.models.paraphrase_detector.pairs.templates import canonical
from dataselect.models.paraphrase_detector.words.tokenization import words_of
from dataselect.operations.bitext import filters

INVISIBLE = (
    "\u00ad\u034f\u061c\u180b\u200e\u200f\u202a\u202e\u2060\u2061\u2066\u2069\ufe0e\ufe0f\ufeff"
    "\U000e0100"
)
JOINERS = "\u200c\u200d"
SPACES = "\u0085\u00a0\u1680\u2000\u2009\u200b\u2028\u2029\u202f\u205f\u3000"
WORDS = [
    "Phở",
    "nhạc",
    "Việt",
    "café",
    "naïve",
    "हिन्दी",
    "गाना",
    "한국어",
    "J̌ana",
    "ガス",
    "jazz",
    "7",
]


def forms(text: str) -> list[str]:
    return [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]


@st.composite
def twins(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and one that looks just the same."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))
    other = unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), " ".join(words))
    for character in draw(st.lists(st.sampled_from(INVISIBLE), max_size=4)):
        place = draw(st.integers(0, len(other)))
        other = other[:place] + character + other[place:]
    gap = draw(st.sampled_from([" ", *SPACES]))
    return " ".join(words), other.replace(" ", gap)


CORPUS = ["Phở nhạc Việt", "café naïve jazz", "हिन्दी गाना 7", "한국어 J̌ana ガス"]
LEXICAL = Lexical.fit(CORPUS)
MODEL = train(CORPUS, order=2).model
REFERENCE = "phở café हिन्दी jazz"
LOOSE = Normalization(lowercase=True, punctuation="remove")


def statistics(name: str, side: str, text: str) -> Any:
    pair = [text, REFERENCE] if side == "hypothesis" else [REFERENCE, text]
    return metric(name).statistics(*([each] for each in pair))


VIEWS: dict[str, Callable[[str], Any]] = {
    "words": lambda text: Ngrams().tokens([text]).hashes.tolist(),
    "words with case": lambda text: Ngrams(lowercase=False).tokens([text]).hashes.tolist(),
    "characters": lambda text: Ngrams(analyzer="char").tokens([text]).hashes.tolist(),
    "spellings": lambda text: Ngrams().strings(text),
    "vectors": lambda text: LEXICAL.encode([text]).tolist(),
    "features of intents": lambda text: feature_counts([text]).indices.tolist(),
    "words of detectors": lambda text: words_of([text]).spelled,
    "templates": canonical,
    "copies": copied,
    "words of language models": split,
    "log-probabilities": lambda text: MODEL.score(MODEL.vocabulary.encode([text])).log_probs,
    "words as costs": lambda text: counted("words", [text]),
    "characters as costs": lambda text: counted("chars", [text]),
    "normalised": LOOSE,
    "filters": lambda text: filters.PairFilters(
        max_length_ratio=1.2, drop_copies=True, src_script="Latin", same_numbers=True
    ).codes([text], [REFERENCE]),
    **{
        f"{name} of a {side}": partial(statistics, name, side)
        for name in METRICS
        for side in ("hypothesis", "reference")
    },
}


@pytest.mark.parametrize("view", VIEWS)
@settings(max_examples=25)
@given(twins())
def test_what_looks_the_same_is_the_same(view: str, both: tuple[str, str]) -> None:
    one, other = map(VIEWS[view], both)
    np.testing.assert_array_equal(one, other)


@given(st.text())
def test_composing_is_idempotent_and_forgets_the_form(text: str) -> None:
    once = composed(text)
    assert composed(once) == once
    assert {composed(form) for form in forms(text)} == {once}


@pytest.mark.parametrize("joiner", JOINERS)
def test_a_joiner_is_part_of_its_word(joiner: str) -> None:
    word = f"می{joiner}خواهم"
    assert split(word) == [word.encode()]
    assert len(Ngrams().tokens([word]).hashes) == 1
    assert LOOSE(word) == word
    assert metric("wer").statistics([word], [word]).tolist() == [[0, 0, 0, 1]]


def test_plain_text_is_not_touched() -> None:
    texts = ["play some jazz", "", "\x1c\t"]
    assert all_composed(texts) is texts


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0f73\u0f75\u0344", "\u0316\u0315\u05b0"])
def test_a_long_run_of_marks_is_put_into_canonical_order(marks: str) -> None:
    for times in (5, 500):
        text = "x" * 900 + "a" + marks * times + "b"
        assert composed(text) == unicodedata.normalize("NFC", text)


# -- words of models that others made ----------------------------------------------------------


def test_words_of_a_model_are_composed_and_stay_different() -> None:
    nfc, nfd = (form.encode() for form in forms("été"))
    assert composed_words([b"a", nfd]) == [b"a", nfc]
    assert composed_words([nfd, nfc]) == [nfd, nfc]
    assert composed_words(["a\u00a0b".encode(), b"\xff"]) == ["a\u00a0b".encode(), b"\xff"]


def test_texts_take_the_spelling_of_the_model() -> None:
    nfc, nfd = (form.encode() for form in forms("été"))
    spelling = Spelling({nfd, b"jazz"}.__contains__)
    assert spelling([b"jazz", nfc + b" jazz", nfc]) == [b"jazz", nfd + b" jazz", nfd]
    assert Spelling({nfc, nfd}.__contains__)([nfc]) == [nfc]
    assert Spelling(Vocabulary()._numbers.__contains__)([nfc]) == [nfc]


# -- through the front door --------------------------------------------------------------------

IN_DOMAIN = ["mở nhạc Việt Nam", "bật đèn phòng khách", "tắt đèn phòng ngủ", "đặt báo thức"]
OTHERS = ["trời mưa ở Huế", "giá vàng hôm nay", "tin tức bóng đá", "công thức phở bò"]


def records(texts: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "text": text,
            "ref": text,
            "src": text,
            "tgt": text,
            "intent": f"i{number % 2}",
            "nbest": [{"text": text, "score": -1}, {"text": f"{text} đèn", "score": -2}],
        }
        for number, text in enumerate(texts)
    ]


def changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        own = {name: changed(each, change) for name, each in value.items()}
        return own | {name: each for name, each in value.items() if name == "intent"}
    if isinstance(value, list):
        return [changed(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


def hyphenated(text: str) -> str:
    return " ".join(f"{word[:1]}\u00ad{word[1:]}\u200e" for word in text.split(" "))


CHANGES: dict[str, Callable[[str], str]] = {
    "NFC": str,
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "soft hyphens and direction marks": hyphenated,
}
COMMANDS = {
    "relevance": "relevance --in-domain seed.jsonl pool.jsonl",
    "winnow": "winnow --lm lm.arpa pool.jsonl",
    "winnow by a decomposed model": "winnow --lm nfd.arpa pool.jsonl",
    "winnow by texts": "winnow --in-domain seed.jsonl --background other.jsonl pool.jsonl",
    "the best share": "winnow --lm lm.arpa --auto seed.jsonl pool.jsonl",
    "diversity": "diversity --labelled seed.jsonl --top-k 4 pool.jsonl",
    "words as costs": "diversity --top-k 9 --cost words --budget 12 pool.jsonl",
    "discover": "discover --labelled seed.jsonl --keep-ungrouped pool.jsonl",
    "bitext": "bitext --in-domain seed.jsonl --side tgt pool.jsonl",
    "label": "label --labelled seed.jsonl pool.jsonl",
    "check": "check --labelled seed.jsonl --test other.jsonl pool.jsonl",
    "rescore": "rescore --lm lm.arpa pool.jsonl",
    "evaluate": "evaluate -m wer -m cer -m bleu -m chrf -m ter plain.jsonl",
    "lm eval": "lm eval --lm lm.arpa pool.jsonl",
    "lm eval of a decomposed model": "lm eval --lm nfd.arpa pool.jsonl",
    "compare": "compare --dev seed.jsonl --pool pool.jsonl pool.jsonl",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_tell_no_forms_apart(tmp_path: Path, inside: Inside, name: str) -> None:
    found = {}
    for form, change in CHANGES.items():
        pool = changed(records(IN_DOMAIN + OTHERS), change)
        # What is compared with it stays as it is: so a difference would show.
        files = {
            "pool": pool,
            "seed": records(IN_DOMAIN),
            "other": records(OTHERS),
            "plain": [
                {**one, "ref": own["ref"]}
                for one, own in zip(pool, records(IN_DOMAIN + OTHERS), strict=True)
            ],
        }
        for file, lines in files.items():
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            (tmp_path / f"{file}.jsonl").write_text(text)
        if not (tmp_path / "lm.arpa").exists():
            inside("lm", "train", "-q", "seed.jsonl", "-o", "lm.arpa").silent()
            spelled = unicodedata.normalize("NFD", (tmp_path / "lm.arpa").read_text())
            (tmp_path / "nfd.arpa").write_text(spelled)
        outcome = inside(*COMMANDS[name].split(), "-q", "-o", "out")
        assert outcome.code == 0, outcome.err
        written = (tmp_path / "out").read_text()
        try:
            rows = [json.loads(line) for line in written.splitlines()]
        except ValueError:
            found[form] = written
        else:
            texts = {line["id"]: line["text"] for line in pool}
            for row in rows:
                assert row.pop("text").startswith(texts[row["id"]][:3])
                for field in ("ref", "src", "tgt", "nbest"):
                    row.pop(field, None)
            found[form] = changed(rows, composed)
    assert found["NFC"] == found["NFD"] == found["soft hyphens and direction marks"]

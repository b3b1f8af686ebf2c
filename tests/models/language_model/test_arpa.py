"""ARPA files: what is written loads in KenLM and scores the same; what is read is checked."""

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import kenlm_model
from hypothesis import given
from hypothesis import strategies as st

from dataselect.errors import InputError
from dataselect.models.language_model import arpa
from dataselect.models.language_model.arpa import arpa_writer
from dataselect.models.language_model.backoff import BackoffModel
from dataselect.models.language_model.trainers import train
from dataselect.models.language_model.vocabulary import sentences as sentences_of

TEXTS = ["play some jazz", "play the blues", "some more of the same"]

words = st.sampled_from(["a", "b", "\u00e4", "<s>", "</s>", "<unk>", "<UNK>", "c\0d", "\u00a0"])
sentences = st.lists(words, max_size=6).map(" ".join)


def scores(model: BackoffModel, texts: list[str]) -> list[float]:
    """Log-probability of each text, alone."""
    encoded = [model.vocabulary.encode([text]) for text in texts]
    return [float(model.score(tokens).log_probs.sum()) for tokens in encoded]


def equal(one: BackoffModel, other: BackoffModel) -> None:
    assert one.vocabulary.words == other.vocabulary.words
    assert one.order == other.order
    for ours, theirs in zip(one.levels, other.levels, strict=True):
        np.testing.assert_array_equal(ours.histories, theirs.histories)
        np.testing.assert_array_equal(ours.words, theirs.words)
        np.testing.assert_allclose(ours.log_probs, theirs.log_probs, rtol=0, atol=1e-6)
        np.testing.assert_allclose(ours.backoffs, theirs.backoffs, rtol=0, atol=1e-6)


# -- writing ----------------------------------------------------------------------------------


@given(
    st.lists(sentences, min_size=1, max_size=8),
    st.lists(sentences, min_size=1, max_size=4),
    st.integers(2, 6),
    st.sampled_from([(), (0, 1), (0, 0, 2)]),
    st.booleans(),
)
def test_kenlm_scores_any_text_as_the_model_does(
    texts: list[str], others: list[str], order: int, prune: tuple[int, ...], closed: bool
) -> None:
    known = [b"a", b"&lt;s&gt;"] if closed else None
    model = train(texts, order=order, prune=prune[:order], words=known).model
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.arpa"
        arpa.save(model, path)
        kenlm = kenlm_model(path)
        found = list(map(kenlm.score, sentences_of([*texts, *others])))
    np.testing.assert_allclose(found, scores(model, [*texts, *others]), rtol=0, atol=1e-5)


@given(st.lists(sentences, min_size=1, max_size=8), st.integers(1, 6))
def test_what_is_written_is_read_again(texts: list[str], order: int) -> None:
    model = train(texts, order=order).model
    with tempfile.TemporaryDirectory() as folder:
        arpa.save(model, f"{folder}/model.arpa.gz")
        equal(arpa.read(f"{folder}/model.arpa.gz"), model)


def test_the_same_model_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.gz", "two.gz"):
        arpa.save(train(TEXTS).model, str(tmp_path / name))
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


def test_a_model_of_more_ngrams_than_are_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = b"".join(arpa.write(train(TEXTS).model))
    monkeypatch.setattr(arpa_writer, "_BATCH", 2)
    assert b"".join(arpa.write(train(TEXTS).model)) == whole


@pytest.mark.parametrize("slot", [1, 3, 5])
def test_words_that_are_longer_than_most(slot: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"".join(arpa.write(train(TEXTS).model))
    monkeypatch.setattr(arpa_writer, "_SLOT", slot)
    assert b"".join(arpa.write(train(TEXTS).model)) == whole


@given(st.lists(st.floats(-150, 20) | st.floats(-1e-6, 1e-6)))
def test_numbers_are_written_to_seven_digits_or_six(values: list[float]) -> None:
    found = arpa_writer._digits(b"\t", np.array(values)).tolist()
    assert all(each.startswith(b"\t") for each in found)
    for text, value in zip(found, values, strict=True):
        assert float(text) == pytest.approx(value, abs=6e-8 if -9.9 < value <= 0 else 6e-7)


def test_a_number_that_rounds_to_two_digits_before_the_point() -> None:
    values = np.array([-9.99999999, -9.9999999, -10.0, -0.00000004, 1.5])
    assert arpa_writer._digits(b" ", values).tolist() == [
        *[b" -10.000000", b" -9.9999999", b" -10.000000", b" 0", b" 1.500000"]
    ]


# -- reading ----------------------------------------------------------------------------------

PLAIN = """\\data\\
ngram 1=4
ngram 2=3

\\1-grams:
-1\t<unk>\t0
0\t<s>\t-0.5
-0.4\t</s>\t0
-0.5\ta\t-0.25

\\2-grams:
-0.3\t<s> a
-0.2\ta </s>
-0.7\ta a

\\end\\
"""
Read = Callable[[str], BackoffModel]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def from_text(text: str) -> BackoffModel:
        (tmp_path / "model.arpa").write_bytes(text.encode("utf-8", "surrogateescape"))
        return arpa.read(str(tmp_path / "model.arpa"))

    return from_text


def test_a_file_is_read(read: Read) -> None:
    model = read(PLAIN)
    assert model.vocabulary.words == [b"<unk>", b"<s>", b"</s>", b"a"]
    # <s> a, then a b by backing off to <unk>, then </s> after <unk>.
    assert scores(model, ["a", "a b"]) == pytest.approx([-0.5, -0.3 - 0.25 - 1 - 0.4])


HARMLESS = {
    "lines that end as on Windows": PLAIN.replace("\n", "\r\n"),
    "blank lines everywhere": "\n\n" + PLAIN.replace(":\n", ":\n\n").replace("\n\\", "\n\n\\"),
    "spaces for tabs": PLAIN.replace("\t", " "),
    "comments": "# Input file: none\n" + PLAIN,
    "n-grams in another order": PLAIN.replace(
        "-0.3\t<s> a\n-0.2\ta </s>\n-0.7\ta a", "-0.7\ta a\n-0.3\t<s> a\n-0.2\ta </s>"
    ),
    "no line feed at the end": PLAIN.rstrip("\n"),
    "zeros on the highest order": PLAIN.replace("<s> a\n", "<s> a\t0\n"),
    "other spellings of numbers": PLAIN.replace("-0.5\ta", "-5.0E-1\ta"),
    "a capital unknown word": PLAIN.replace("<unk>", "<UNK>"),
    "a byte order mark": "\ufeff" + PLAIN,
    "counts as IRSTLM writes them": PLAIN.replace("1=4", " 1=        4").replace("2=3", " 2 = 3 "),
    "spaces before numbers": PLAIN.replace("\n-", "\n -").replace("\n0", "\n\t0"),
    "several spaces between fields": PLAIN.replace("\t", "  ").replace("a </s>", "a \t </s>"),
    "text for people": "made by a toolkit\nin 1999\n\n" + PLAIN,
    "zero with a sign": PLAIN.replace("\n0\t", "\n-0.0\t"),
}


@pytest.mark.parametrize("difference", HARMLESS)
def test_a_harmless_difference_changes_nothing(read: Read, difference: str) -> None:
    changed = HARMLESS[difference]
    assert changed != PLAIN
    expected = read(PLAIN)
    equal(read(changed), expected)


def test_words_in_another_order_are_numbered_as_they_come(read: Read) -> None:
    moved = PLAIN.replace("-1\t<unk>\t0\n", "").replace("-0.25\n", "-0.25\n-1\t<unk>\t0\n")
    equal(read(moved), read(PLAIN))


def test_without_an_unknown_word_its_log_probability_is_that_of_kenlm(
    read: Read, tmp_path: Path
) -> None:
    model = read(PLAIN.replace("-1\t<unk>\t0\n", "").replace("ngram 1=4", "ngram 1=3"))
    assert model.levels[0].log_probs[0] == -100
    found = kenlm_model(tmp_path / "model.arpa").score("a b")
    assert scores(model, ["a b"]) == pytest.approx([found])


def test_a_probability_of_zero_is_read_as_kenlm_scores_unknown_words(read: Read) -> None:
    model = read(PLAIN.replace("-0.7\ta a", "-inf\ta a"))
    assert model.levels[1].log_probs.min() == -100


def test_a_long_file_is_read_in_blocks(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = train(TEXTS).model
    text = b"".join(arpa.write(model)).decode()
    monkeypatch.setattr("dataselect.data.files.line_blocks.BLOCK_BYTES", 16)
    equal(read(text), model)


FAULTS = {
    "nothing": ("", 1, "the file ends before \\data\\"),
    "records": ('{"text": "a"}\n', 1, "no \\data\\"),
    "much text": ("some text\n" * 10_000 + PLAIN, 1, "no \\data\\"),
    "IRSTLM's own": ("iARPA\n" + PLAIN, 1, "compile-lm"),
    "counts without end": (
        "\\data\\\n" + "".join(f"ngram {n}=1\n" for n in range(1, 99)),
        34,
        "33",
    ),
    "a count beyond all memory": (PLAIN.replace("2=3", f"2={10**17}"), 16, "3 2-grams, but"),
    "NUL": (PLAIN.replace("a a", "a\0a a"), 14, "not a log-probability, a 2-gram"),
    "binary": ("mmap lm http://kheafield.com/code format version 5\n\0\n", 1, "a KenLM binary"),
    "no counts": (PLAIN[: len("\\data\\\n")], 1, "no counts"),
    "counts out of step": (PLAIN.replace("ngram 2", "ngram 3"), 3, "not a count 'ngram 2=N'"),
    "a count that is no number": (PLAIN.replace("2=3", "2=x"), 3, "not a count"),
    "too few unigrams": (PLAIN.replace("ngram 1=4", "ngram 1=5"), 11, "4 1-grams"),
    "too many bigrams": (PLAIN.replace("ngram 2=3", "ngram 2=2"), 16, "3 2-grams"),
    "truncated in a section": (PLAIN[: PLAIN.index("-0.7")], 13, "2 2-grams"),
    "truncated in a line": (PLAIN[: PLAIN.index(" a\n\n")], 14, "not a log-probability, a 2-gram"),
    "truncated before the end": (PLAIN[: PLAIN.index("\\end")], 14, "ends before \\end\\"),
    "a section that is missing": (
        PLAIN.replace("\\2-grams:", ""),
        10,
        "not a log-probability, a 1-gram",
    ),
    "a section by another name": (PLAIN.replace("2-grams", "3-grams"), 11, "\\2-grams: is due"),
    "text after the end": (PLAIN + "more\n", 17, "text after \\end\\"),
    "a word that is not a number": (PLAIN.replace("-0.2\t", "low\t"), 13, "not a log-probability"),
    "not a number": (PLAIN.replace("-0.2\t", "nan\t"), 13, "not a log-probability"),
    "JSON that is no number": (PLAIN.replace("-0.2\t", "null\t"), 13, "not a log-probability"),
    "two numbers": (PLAIN.replace("-0.2\t", "-0.2,-1\t"), 13, "not a log-probability"),
    "a list of two lines": (
        PLAIN.replace("-0.2\t", "[-0.2\t").replace("-0.7\t", "-0.7]\t"),
        13,
        "not a log-probability",
    ),
    "underscores": (PLAIN.replace("-0.25", "-0_25"), 9, "not a log-probability, a 1-gram"),
    "a word too many": (PLAIN.replace("a a", "a a a"), 14, "not a log-probability, a 2-gram"),
    "a word too few": (PLAIN.replace("a a", "a"), 14, "not a log-probability, a 2-gram"),
    "above one": (PLAIN.replace("-0.2\t", "0.2\t"), 13, "a log-probability above 0"),
    "an endless back-off": (PLAIN.replace("-0.25", "-1e999"), 9, "a back-off that is not finite"),
    "a back-off at the top": (PLAIN.replace("<s> a", "<s> a\t-1"), 12, "a back-off on the highest"),
    "a word from nowhere": (PLAIN.replace("a a", "a b"), 14, "not among the 1-grams"),
    "twice": (PLAIN.replace("a a", "a </s>"), 14, "an n-gram that was there before"),
    "a word twice": (PLAIN.replace("\t<unk>\t0", "\ta"), 9, "an n-gram that was there before"),
    "no begin": (PLAIN.replace("<s>", "b"), 11, "no <s> above"),
    "no end": (PLAIN.replace("</s>", "b"), 11, "no </s> above"),
    "bytes": ("\udcff\udcfe\n" + PLAIN, 1, "no \\data\\"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_file_is_refused_with_its_line(read: Read, tmp_path: Path, fault: str) -> None:
    text, line, why = FAULTS[fault]
    with pytest.raises(InputError) as found:
        read(text)
    message = str(found.value)
    assert message.startswith(f"{tmp_path}/model.arpa:{line}: "), message
    assert why in message, message
    assert "; " in message
    assert "\n" not in message


def test_a_history_that_is_not_there_is_refused(read: Read) -> None:
    text = PLAIN.replace("2=3\n", "2=3\nngram 3=1\n")
    text = text.replace("\\end\\", "\\3-grams:\n-0.1\t</s> a a\n\n\\end\\")
    with pytest.raises(InputError, match=r":18: an n-gram whose history is not in the file"):
        read(text)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"none\.arpa: No such file"):
        arpa.read("none.arpa")


def test_damaged_compression_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.arpa.gz"
    path.write_bytes(gzip.compress(PLAIN.encode())[:-20])
    with pytest.raises(InputError, match=r"\.gz data ends too early"):
        arpa.read(str(path))

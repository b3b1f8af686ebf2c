"""Back-off models as arrays: KenLM's numbers to the last bit, without KenLM."""

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import kenlm_model
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dataselect.models.language_model import arpa, hash_table
from dataselect.models.language_model.hash_table import HashTable
from dataselect.models.language_model.scoring import array_scorer
from dataselect.models.language_model.scoring.array_scorer import ArrayScorer, sums
from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.models.language_model.vocabulary import sentences

WORDS = ["a", "b", "c", "é", "of-more-than-sixteen-bytes", "日本", "&lt;s&gt;"]
UNKNOWN_WORDS = ["x", "<s>", "</s>", "<unk>", "a\0b", "another-of-more-than-sixteen-bytes"]
Ngram = tuple[str, ...]


def spelled(draw: random.Random, least: float) -> str:
    """A number as toolkits write them."""
    value = draw.uniform(least, 0)
    return draw.choice(["{:.7f}", "{:.6g}", "{:.17g}", "{:.3e}", "{:.1f}", "-0"]).format(value)


def random_arpa(draw: random.Random, order: int) -> str:
    """A model with missing back-offs, pruned suffixes, and perhaps no <unk>."""
    words = draw.sample(WORDS, draw.randint(1, len(WORDS)))
    unigrams = ["<s>", "</s>", *(["<unk>"] if draw.random() < 0.7 else []), *words]
    levels: list[list[Ngram]] = [[(word,) for word in unigrams]]
    for _ in range(order - 1):
        longer = [
            (*history, word)
            for history, word in itertools.product(levels[-1], unigrams)
            if history[-1] != "</s>" and word != "<s>"
        ]
        levels.append(draw.sample(longer, draw.randint(0, min(len(longer), 30))))
    lines = ["\\data\\", *[f"ngram {n}={len(level)}" for n, level in enumerate(levels, start=1)]]
    for n, level in enumerate(levels, start=1):
        lines += ["", f"\\{n}-grams:"]
        for ngram in level:
            line = f"{spelled(draw, -8)}\t{' '.join(ngram)}"
            if n < order and draw.random() < 0.8:
                line += f"\t{spelled(draw, -3)}"
            lines.append(line)
    return "\n".join([*lines, "", "\\end\\", ""])


def random_texts(draw: random.Random) -> list[str]:
    return [
        " ".join(draw.choices([*WORDS, *UNKNOWN_WORDS], k=draw.choice([0, 1, 3, 8, 70])))
        for _ in range(20)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lm")


def loaded(path: Path) -> Any:
    try:
        return kenlm_model(path)
    except OSError as error:
        assume("Avoid pruning n-grams" not in str(error))  # its tables are full: ours are not
        raise


@given(st.integers(0, 2**32), st.integers(2, 5))
def test_the_bytes_are_those_of_kenlm(folder: Path, seed: int, order: int) -> None:
    draw = random.Random(seed)
    path = folder / "model.arpa"
    path.write_text(random_arpa(draw, order))
    theirs = loaded(path)
    texts = random_texts(draw)
    encoded = sentences(texts)
    ours = LanguageModel(str(path))
    scores = ours.text_scores(texts)
    assert scores.log_probs.tolist() == [theirs.score(text) for text in encoded]
    words = [list(theirs.full_scores(text)) for text in encoded]
    assert scores.words.tolist() == [len(each) - 1 for each in words]
    assert scores.oov.tolist() == [sum(oov for *_, oov in each) for each in words]
    found = ours.predict(texts)
    assert found.log_probs.tolist() == [word[0] for each in words for word in each]
    assert found.known.tolist() == [not word[2] for each in words for word in each]
    # Where a suffix is not listed KenLM has an n-gram of its own for it, and tells its length.
    assert (found.lengths <= [word[1] for each in words for word in each]).all()


def by_definition(levels: list[dict[Ngram, tuple[float, float]]], words: list[str]) -> list[float]:
    """Katz (1987) back-off, word by word, in double precision."""

    def log_prob(history: Ngram, word: str) -> float:
        ngram = (*history, word)
        if len(ngram) <= len(levels) and ngram in levels[len(ngram) - 1]:
            return levels[len(ngram) - 1][ngram][0]
        backoff = levels[len(history) - 1].get(history, (0.0, 0.0))[1]
        return backoff + log_prob(history[1:], word)

    known = [word if (word,) in levels[0] else "<unk>" for word in [*words, "</s>"]]
    text = ["<s>", *known]
    longest = len(levels) - 1
    return [
        log_prob(tuple(text[max(place - longest, 0) : place]), text[place])
        for place in range(1, len(text))
    ]


@given(st.integers(0, 2**32), st.integers(1, 5))
def test_the_numbers_are_those_of_the_definition(folder: Path, seed: int, order: int) -> None:
    draw = random.Random(seed)
    path = folder / "model.arpa"
    path.write_text(random_arpa(draw, order))
    levels: list[dict[Ngram, tuple[float, float]]] = []
    for line in path.read_text().split("\n"):
        number, *fields = line.split("\t")
        if line.endswith("-grams:"):
            levels.append({})
        elif fields:
            backoff = float(fields[1]) if len(fields) > 1 else 0.0
            levels[-1][tuple(fields[0].split(" "))] = (float(number), backoff)
    levels[0].setdefault(("<unk>",), (-100.0, 0.0))
    texts = [" ".join(draw.choices([*WORDS, "x"], k=draw.randint(0, 9))) for _ in range(20)]
    found = LanguageModel(str(path)).predict(texts)
    split = [text.split(" ") if text else [] for text in texts]
    expected = [value for words in split for value in by_definition(levels, words)]
    assert found.log_probs == pytest.approx(expected, rel=1e-5, abs=1e-5)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 7))
def test_batches_make_no_difference(folder: Path, seed: int, order: int, size: int) -> None:
    draw = random.Random(seed)
    path = folder / "model.arpa"
    path.write_text(random_arpa(draw, order))
    texts = random_texts(draw)
    together = LanguageModel(str(path)).text_scores(texts)
    apart = LanguageModel(str(path))
    parts = [apart.text_scores(texts[first : first + size]) for first in range(0, len(texts), size)]
    for whole, pieces in zip(together, zip(*parts, strict=True), strict=True):
        np.testing.assert_array_equal(whole, np.concatenate(pieces))


def test_a_sentence_does_not_reach_into_the_next(folder: Path) -> None:
    """Toolkits that count across lines list `</s> <s>`."""
    path = folder / "across.arpa"
    lines = ["\\data\\", "ngram 1=4", "ngram 2=2", "ngram 3=1", "", "\\1-grams:"]
    lines += ["-1\t<unk>", "-99\t<s>\t-0.5", "-1\t</s>\t-0.5", "-1\ta\t-0.5", "", "\\2-grams:"]
    lines += ["-0.1\t</s> <s>\t-0.5", "-0.25\t<s> a", "", "\\3-grams:", "-3\t</s> <s> a"]
    path.write_text("\n".join([*lines, "", "\\end\\", ""]))
    found = LanguageModel(str(path)).text_scores(["a", "a"])
    assert found.log_probs.tolist() == [-0.25 - 1.5] * 2
    model = arpa.read(str(path))
    tokens = model.vocabulary.encode(["a", "a"])
    assert model.score(tokens).log_probs.tolist() == [0, -0.25, -1.5] * 2


def test_ngrams_that_share_a_slot_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_table, "_MIXER", np.uint64(1))  # all keys want the first slot
    keys = np.array([5, 3, 9, 1], np.uint64)
    table = HashTable(keys)
    slots, found = table.find(keys)
    assert (sorted(slots.tolist()), bool(found.all())) == ([0, 1, 2, 3], True)
    again, there = table.find(np.array([4, 3, 10], np.uint64))
    assert (again[1], there.tolist()) == (slots[1], [False, True, False])


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 30))
def test_portions_of_a_text_make_no_difference(
    folder: Path, seed: int, order: int, portion: int
) -> None:
    draw = random.Random(seed)
    path = folder / "model.arpa"
    path.write_text(random_arpa(draw, order))
    texts = random_texts(draw)
    whole = LanguageModel(str(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(array_scorer, "_PORTION", portion)
        patch.setattr(array_scorer, "_PORTION_BYTES", portion)
        apart = [
            LanguageModel(str(path)).text_scores(texts),
            LanguageModel(str(path)).predict(texts),
        ]
    for one, other in zip((whole.text_scores(texts), whole.predict(texts)), apart, strict=True):
        for column, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(column, same)


@given(st.lists(st.lists(st.floats(-100, 0, width=32), max_size=150), max_size=6))
def test_sums_are_added_one_after_the_other(parts: list[list[float]]) -> None:
    expected = []
    for part in parts:
        total = np.float32(0)
        for value in part:
            total = total + np.float32(value)
        expected.append(float(total))
    values = np.array([value for part in parts for value in part], np.float32)
    assert sums(values, np.array([len(part) for part in parts], np.int64)).tolist() == expected


def test_digits_are_rounded_once(folder: Path) -> None:
    """Halfway between two numbers of single precision but for a digit that doubles lose."""
    path = folder / "halves.arpa"
    half = "0.5000000298023223876953125"  # exactly
    numbers = [f"-{half}", f"-{half}0001", f"-{half[:-1]}49"]
    words = "".join(f"{number}\tw{place}\n" for place, number in enumerate(numbers))
    text = f"\\data\\\nngram 1=5\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n{words}\n\\end\\\n"
    path.write_text(text)
    scorer = ArrayScorer(arpa.read(str(path)))
    found = scorer.predict(["w0 w1 w2"]).log_probs[:3].tolist()
    assert found == [-0.5, -0.5 - 2**-24, -0.5]

"""Models of what several speakers said: against a count by hand, and as a whole."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson
import pytest
from conftest import NEEDS_KENLM, Inside, kenlm_model
from hypothesis import given
from hypothesis import strategies as st
from test_kneser_ney import listed, probability

from dataselect import KneserNey
from dataselect.errors import InputError, OptionError
from dataselect.models.language_model import arpa
from dataselect.models.language_model.kneser_ney import Estimate
from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.models.language_model.trainers import train
from dataselect.models.ngrams.speakers import Speakers, count_by_speaker

UNKNOWN = "<unk>"


def trained(
    said: Sequence[tuple[str, str]], order: int, least: int = 1, most: int | None = None
) -> Estimate:
    """A model of texts with their speakers."""
    speakers = Speakers(least, most)
    speakers.add([speaker for speaker, _ in said])
    return train([text for _, text in said], order=order, speakers=speakers)


def spoken(said: Sequence[tuple[str, str]], order: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every n-gram that somebody said, with markers, and who it was."""
    for speaker, text in said:
        words = ("<s>", *text.split(), "</s>")
        for n in range(1, order + 1):
            for start in range(len(words) - n + 1):
                yield speaker, words[start : start + n]


def with_unknown(said: Sequence[tuple[str, str]], least: int) -> list[tuple[str, str]]:
    """The same with words that fewer than `least` speakers said made unknown."""
    heard = Counter(ngram[0] for _, ngram in set(spoken(said, 1)))
    return [
        (speaker, " ".join(w if heard[w] >= least else UNKNOWN for w in text.split()))
        for speaker, text in said
    ]


utterances = st.lists(
    st.tuples(st.sampled_from("xyz"), st.lists(st.sampled_from("abcd"), max_size=6).map(" ".join)),
    min_size=1,
    max_size=12,
)


@given(utterances, st.integers(1, 4), st.integers(1, 3), st.sampled_from([None, 1, 2]))
def test_an_ngram_is_listed_if_and_only_if_so_many_said_it(
    said: list[tuple[str, str]], order: int, least: int, most: int | None
) -> None:
    if len({speaker for speaker, _ in said}) < least:
        with pytest.raises(InputError, match="min_speakers"):
            trained(said, order, least, most)
        return
    model = listed(trained(said, order, least, most).model)
    who = Counter(ngram for _, ngram in set(spoken(with_unknown(said, least), order)))
    enough = {ngram for ngram, speakers in who.items() if speakers >= least}
    markers = {(UNKNOWN,), ("<s>",), ("</s>",)}
    assert model.keys() == enough | markers
    words = [word for (word, *rest) in model if not rest and word != "<s>"]
    for history in [(), *(ngram for ngram in model if ngram[-1] != "</s>" and len(ngram) < order)]:
        total = sum(probability(model, word, history) for word in words)
        assert total == pytest.approx(1, abs=1e-5), history
    for ngram in model:  # what KenLM and SRILM look for
        assert len(ngram) == 1 or {ngram[1:], ngram[:-1]} <= model.keys()


@given(utterances, st.integers(1, 3))
def test_a_speaker_who_repeats_counts_no_more_than_the_cap(
    said: list[tuple[str, str]], order: int
) -> None:
    once = trained([*dict.fromkeys(said)], order, most=1)
    again = trained([*dict.fromkeys(said)] * 3, order, most=1)
    assert b"".join(arpa.write(once.model)) == b"".join(arpa.write(again.model))


def test_without_a_rule_the_model_is_that_of_the_text_alone() -> None:
    said = [("x", "a b c"), ("y", "a b"), ("x", "c a")]
    plain = train([text for _, text in said], order=3)
    assert b"".join(arpa.write(trained(said, 3).model)) == b"".join(arpa.write(plain.model))


def test_one_speaker_leaves_no_trace_of_a_number_that_nobody_else_said() -> None:
    said = [(f"speaker {n}", "my code is safe") for n in range(5)]
    said += [("speaker 9", "my code is 281265017")] * 20
    assert b"281265017" in b"".join(arpa.write(trained(said, 3).model))
    private = b"".join(arpa.write(trained(said, 3, least=5).model))
    assert b"281265017" not in private
    assert b"my code is" in private
    assert trained(said, 3, least=5).model.order == 3


@NEEDS_KENLM
def test_kenlm_reads_it_and_gives_its_scores(tmp_path: Path) -> None:
    texts = (Path(__file__).parent / "lmplz" / "corpus.txt").read_text().splitlines()
    said = [(str(number % 7), text) for number, text in enumerate(texts)]
    path = tmp_path / "private.arpa"
    arpa.save(trained(said, 4, least=2, most=1).model, str(path))
    theirs, ours = kenlm_model(path), LanguageModel(str(path))
    for text in texts:
        assert ours.score([text])[0] == pytest.approx(theirs.score(text), abs=1e-4)


def test_speakers_are_read_of_any_format(tmp_path: Path, inside: Inside) -> None:
    rows = [("x", "a b"), ("y", "a c"), ("y", "a b")]
    lines = "".join(f"{text},{speaker}\n" for speaker, text in rows)
    (tmp_path / "said.csv").write_text("text,speaker\n" + lines)
    records = [{"text": text, "speaker": speaker} for speaker, text in rows]
    (tmp_path / "said.jsonl").write_bytes(b"\n".join(map(orjson.dumps, records)))
    for name in "said.csv", "said.jsonl":
        inside("lm", "train", "-q", "--min-speakers", "2", name, "-o", f"{name}.arpa").silent()
    made = [(tmp_path / f"{name}.arpa").read_bytes() for name in ("said.csv", "said.jsonl")]
    assert made[0] == made[1]
    assert b"a b" in made[0]
    assert b"c" not in made[0].split()


def test_an_order_of_which_nothing_is_left_is_no_part_of_the_model() -> None:
    made = trained([("x", "a b"), ("y", "b a")], 3, least=2)
    assert made.model.order == 1
    assert made.warnings()[-1] == "no n-gram of order 2 is left; the model has order 1, not 3"


def test_a_given_vocabulary_keeps_its_words_but_not_their_counts(
    tmp_path: Path, inside: Inside
) -> None:
    records = [{"text": "a b", "who": {"id": 1}}, {"text": "a c c c", "who": {"id": 2}}]
    (tmp_path / "said.jsonl").write_bytes(b"\n".join(map(orjson.dumps, records)))
    (tmp_path / "words").write_text("a b c d")
    asked = ("--vocab", "words", "--min-speakers", "2", "--speaker-field", "who.id")
    done = inside("lm", "train", "--order", "2", *asked, "said.jsonl", "-o", "private.arpa")
    assert done.code == 0
    assert "of 2 speakers, 2 words of too few as <unk>" in done.err
    model = listed(arpa.read(str(tmp_path / "private.arpa")))
    assert model["b",] == model["c",] == model["d",]
    assert model["a",] > model["b",]


def test_a_cap_beyond_all_counts_is_none() -> None:
    said = np.array([0, 0, 1]), np.array([3, 3, 3], np.int32)
    assert count_by_speaker(*said, 2, most=10**30).occurrences.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("--min-speakers 2", 1, "said.jsonl:2: field 'speaker' names nobody"),
        ("--min-speakers 2 --on-error skip", 1, "--min-speakers 2: the texts have 1 different"),
        ("--max-per-speaker 1 --speaker-field x", 1, "said.jsonl:1: field 'x' is missing; name"),
        ("--speaker-field x", 2, "--speaker-field is for --min-speakers, which is not given"),
    ],
)
def test_speakers_are_never_guessed(
    tmp_path: Path, inside: Inside, options: str, code: int, said: str
) -> None:
    (tmp_path / "said.jsonl").write_text(
        '{"text": "a", "speaker": 1}\n{"text": "a", "speaker": " "}\n'
    )
    done = inside("lm", "train", *options.split(), "said.jsonl", "-o", "out.arpa")
    assert done.code == code, done.err
    assert said in done.err
    assert not (tmp_path / "out.arpa").exists()


def test_in_python_speakers_and_their_number_come_together() -> None:
    texts, speakers = ["play jazz", "play rock"], ["x", "y"]
    with pytest.raises(OptionError, match="min_speakers and max_per_speaker"):
        KneserNey(min_speakers=2).fit(texts)
    with pytest.raises(OptionError, match="give both or neither"):
        KneserNey().fit(texts, speakers=speakers)
    model = KneserNey(order=2, min_speakers=2).fit(texts, speakers=speakers)
    assert model.estimate_.model.vocabulary.words[3:] == [b"play"]

"""The default encoder: its features, its vectors, and that a text's vector is its own."""

import pickle
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from dataselect.errors import InputError
from dataselect.models import archive
from dataselect.models.encoders import lexical
from dataselect.models.encoders.exact_sums import SummableRows, exact_sums
from dataselect.models.encoders.lexical import Lexical
from dataselect.models.encoders.word_features import BITS, LONGEST, SHORTEST, word_features
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.ngrams.tokens import character_hashes

VERBS = ["play", "put on some", "listen to"]
TEXTS = [f"{verb} {artist}" for verb in VERBS for artist in ("adele", "björk", "queen", "bach")]
TEXTS += [f"it rained all day in {place}" for place in ("oslo", "paris", "our street")]


@pytest.fixture(scope="module")
def encoder() -> Lexical:
    return Lexical.fit(TEXTS)


def anew(encoder: Lexical) -> Lexical:
    """The same encoder before it has seen any word."""
    return Lexical.restore(encoder.about(), encoder.arrays())


def cosines(encoder: Lexical, *texts: str) -> list[float]:
    """Of the first text with each of the others."""
    vectors = encoder.encode(texts, unit=True)
    return [float(vectors[0] @ vector) for vector in vectors[1:]]


# Features.


def bucket(ngram: str) -> int:
    """The bucket of a character n-gram."""
    *_, last = Ngrams(order=len(ngram), bits=BITS).buckets(character_hashes(ngram))
    return int(last[0])


def hashes_of(words: Sequence[str]) -> NDArray[np.uint64]:
    return Ngrams().tokens([" ".join(words)]).hashes


def own_buckets(words: Sequence[str]) -> list[int]:
    """The buckets of the words themselves."""
    return [int(own) for own in next(Ngrams(order=1, bits=BITS).buckets(hashes_of(words)))]


def features(*words: str) -> list[Counter[int]]:
    """Buckets of the features of each word, apart from the word itself."""
    rows = word_features(words, hashes_of(words))
    found = [Counter(part.tolist()) for part in np.split(rows.indices, rows.indptr[1:-1])]
    for counts, own in zip(found, own_buckets(words), strict=True):
        counts.subtract([own])
    return [+counts for counts in found]


def test_features_by_hand() -> None:
    assert features("as", "a") == [
        Counter(map(bucket, (" a", "as", "s ", " as", "as ", " as "))),
        Counter(map(bucket, (" a", "a ", " a "))),
    ]


@given(st.lists(st.text("abäß1गाना播放歌", min_size=1, max_size=9), min_size=1, max_size=4))
def test_features_are_those_of_scikit_learn(words: list[str]) -> None:
    """`char_wb` n-grams are those of words with a space before and after."""
    analyze = CountVectorizer(analyzer="char_wb", ngram_range=(SHORTEST, LONGEST)).build_analyzer()
    assert features(*words) == [Counter(map(bucket, analyze(word))) for word in words]


def test_no_words_have_no_features() -> None:
    assert word_features([], np.empty(0, np.uint64)).shape == (0, 1 << BITS)


# Vectors.


def test_vectors_by_hand() -> None:
    """Two texts that share nothing have orthogonal vectors of the same length."""
    encoder = Lexical.fit(["yes", "non"])
    assert cosines(encoder, "yes", "YES!", "non", "yes yes non") == pytest.approx(
        [1, 0, 2 / 5**0.5], abs=1e-3
    )


def test_vectors_are_those_of_scikit_learn() -> None:
    """Cosines after TF-IDF to the encoder's power and a truncated SVD by ARPACK.

    Texts of ten words span ten dimensions: so few that a randomised SVD is exact.
    """
    draw = np.random.default_rng(0)
    words = sorted({word for text in TEXTS[:12] for word in text.split()})
    texts = [" ".join(draw.choice(words, draw.integers(2, 6))) for _ in range(30)]
    encoder = Lexical.fit(texts, dimension=5)
    analyze = CountVectorizer(analyzer="char_wb", ngram_range=(SHORTEST, LONGEST)).build_analyzer()
    counter = CountVectorizer(
        analyzer=lambda text: [*map(bucket, analyze(text)), *own_buckets(text.split())]
    )
    counts = counter.fit_transform(texts).astype(float)
    idf = np.log((1 + len(texts)) / (1 + np.bincount(counts.indices))) + 1
    weighted = counts.multiply(idf**lexical._IDF_POWER).tocsr()
    reduced = TruncatedSVD(5, algorithm="arpack", random_state=0).fit(normalize(weighted))
    expected = normalize(reduced.transform(weighted))
    found = encoder.encode(texts, unit=True)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=0.002)


def test_unit_vectors_have_the_direction_of_the_others(encoder: Lexical) -> None:
    plain, unit = encoder.encode(TEXTS), encoder.encode(TEXTS, unit=True)
    np.testing.assert_allclose(normalize(plain), unit, atol=1e-5)


def test_plain_vectors_add_up(encoder: Lexical) -> None:
    play, adele, both = encoder.encode(["play", "adele", "play adele"])
    np.testing.assert_allclose(play + adele, both, atol=1e-6)


def test_text_without_words_is_the_zero_vector(encoder: Lexical) -> None:
    assert not encoder.encode(["", "...", "?! — …"], unit=True).any()


def test_no_texts_have_no_vectors(encoder: Lexical) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_spelling_without_meaning_changes_nothing(encoder: Lexical) -> None:
    decomposed = unicodedata.normalize("NFD", "play björk")
    assert cosines(encoder, "play björk", decomposed, "Play, BJÖRK!") == pytest.approx(
        [1, 1], abs=1e-5
    )


def test_emoji_are_words() -> None:
    known, other = cosines(Lexical.fit(["🎵 now", "☔ now"]), "🎵", "now 🎵!", "☔")
    assert known > 0.5 > abs(other)


def test_an_unknown_form_is_near_the_known_one(encoder: Lexical) -> None:
    known, other = cosines(encoder, "it was raining", "it rained", "play adele")
    assert known > 0.5 > other


@pytest.mark.parametrize(
    ("texts", "near", "far"),
    [
        pytest.param(
            [
                "音楽を再生してください",
                "静かな音楽をかけて",
                "明日の天気を教えて",
                "東京の天気はどう",
            ],
            ("好きな音楽を再生して", "音楽をかけてください"),
            "大阪の天気を教えてください",
            id="Japanese",
        ),
        pytest.param(
            ["ช่วยเปิดเพลงให้หน่อย", "อยากฟังเพลงเก่า", "พรุ่งนี้ฝนจะตกไหม", "อากาศวันนี้เป็นอย่างไร"],
            ("เปิดเพลงเก่า", "อยากฟังเพลง"),
            "วันนี้ฝนจะตกไหม",
            id="Thai",
        ),
        pytest.param(
            ["请为我播放一首老歌", "我想听一首歌", "明天会下雨吗", "今天的天气怎么样"],
            ("播放一首歌", "我想听老歌"),
            "今天会下雨吗",
            id="Chinese",
        ),
    ],
)
def test_text_without_spaces_is_near_what_it_overlaps(
    texts: list[str], near: tuple[str, str], far: str
) -> None:
    overlapping, other = cosines(Lexical.fit(texts), *near, far)
    assert overlapping > other + 0.2


# One text, one vector.

ANY_TEXT = st.one_of(st.sampled_from(TEXTS), st.text(max_size=30))


@given(st.lists(ANY_TEXT, max_size=8), st.booleans())
def test_a_vector_depends_on_its_text_alone(encoder: Lexical, texts: list[str], unit: bool) -> None:
    together, other = encoder.encode(texts, unit=unit), anew(encoder)
    apart = [other.encode([text], unit=unit) for text in reversed(texts)]
    np.testing.assert_array_equal(together[::-1], np.vstack([together[:0], *apart]))


def test_what_is_remembered_changes_nothing(
    encoder: Lexical, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for two words, nearly every word takes the place of another."""
    expected = encoder.encode(TEXTS)
    monkeypatch.setattr(lexical, "_SLOT_BITS", 1)
    monkeypatch.setattr(lexical, "_SLOTS", 2)
    forgetful = anew(encoder)
    for size in (1, 3, len(TEXTS)):
        parts = [forgetful.encode(TEXTS[i : i + size]) for i in range(0, len(TEXTS), size)]
        np.testing.assert_array_equal(np.vstack(parts), expected)


def test_more_texts_than_are_taken_at_once(
    encoder: Lexical, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = encoder.encode(TEXTS)
    monkeypatch.setattr(Lexical, "texts_at_once", 4)
    np.testing.assert_array_equal(anew(encoder).encode(TEXTS), expected)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("adele" * 20_000, id="a word of 100,000 characters"),
        pytest.param("play adele in oslo " * 50_000, id="200,000 words"),
        pytest.param("播放一首老歌" * 5_000, id="a clause of 30,000 characters"),
    ],
)
def test_long_text_is_summed_exactly(text: str) -> None:
    encoder = Lexical.fit([*TEXTS, "播放一首老歌"])
    exact = np.zeros(encoder.dimension, np.int64)
    for word, times in Counter(text.split()).items():
        buckets = word_features([word], hashes_of([word])).indices
        exact += times * encoder.table[buckets].sum(axis=0, dtype=np.int64)
    together = encoder.encode(["play adele", text, "oslo"])
    np.testing.assert_array_equal(together[1], exact.astype(np.float32) * np.float32(encoder.scale))
    np.testing.assert_array_equal(together[2], anew(encoder).encode(["oslo"])[0])


WHOLE = st.integers(-(2**26), 2**26)


@given(
    st.lists(st.tuples(WHOLE, WHOLE), min_size=1, max_size=5),
    st.lists(st.lists(st.integers(0, 4), min_size=5, max_size=5), min_size=1, max_size=3),
)
def test_sums_are_rounded_once(rows: list[tuple[int, int]], counts: list[list[int]]) -> None:
    values = np.array(rows, np.float32)
    exact = values.astype(object)
    times = np.array(counts, np.float32)[:, : len(rows)]
    found = exact_sums(
        (csr_array(times), SummableRows.of(values)), (csr_array(times), SummableRows.of(values))
    )
    expected = [[int(x) for x in row] for row in 2 * times.astype(int).astype(object) @ exact]
    np.testing.assert_array_equal(found, np.array(expected, np.int64).astype(np.float32))


@pytest.mark.parametrize("at_once", [1, 3, 7])
def test_long_texts_are_taken_some_words_at_a_time(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["", *TEXTS, "play jazz " * 5_000, "so lange Texte gibt es"]
    whole = Lexical.fit(texts)
    expected = whole.encode(texts)
    monkeypatch.setattr(lexical, "_FITTED_AT_ONCE", 5 * at_once)
    fitted = Lexical.fit(texts)
    assert fitted.dimension == whole.dimension
    np.testing.assert_allclose(cosines(fitted, *texts[-2:]), cosines(whole, *texts[-2:]), atol=1e-4)
    monkeypatch.setattr(lexical, "_WORDS_AT_ONCE", 1_000 * at_once)
    again = Lexical(whole.table, whole.scale).encode(texts)
    np.testing.assert_array_equal(again, expected)


# Fitting.


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_texts_are_enough(count: int) -> None:
    encoder = Lexical.fit(TEXTS[:count])
    assert encoder.dimension == count
    assert cosines(encoder, TEXTS[0], TEXTS[0]) == pytest.approx([1], abs=1e-5)


def test_copies_span_no_more_dimensions() -> None:
    assert Lexical.fit(["play adele"] * 50 + ["it rained"] * 50).dimension == 2


def test_the_dimension_can_be_chosen() -> None:
    assert Lexical.fit(TEXTS, dimension=3).dimension == 3


@pytest.mark.parametrize("texts", [[], ["", "..."]])
def test_text_without_words_teaches_nothing(texts: list[str]) -> None:
    with pytest.raises(InputError, match=f"{len(texts)} records.* no words"):
        Lexical.fit(texts)


def test_the_same_texts_and_seed_give_the_same_encoder() -> None:
    first, second = (Lexical.fit(TEXTS, rng=np.random.default_rng(4)) for _ in range(2))
    assert first.digest == second.digest
    np.testing.assert_array_equal(first.table, second.table)


def test_rare_features_are_left_out_of_large_text() -> None:
    texts = TEXTS * 100
    encoder = Lexical.fit([*texts, "gnu"])
    assert not encoder.encode(["gnu"]).any()
    assert Lexical.fit([*TEXTS, "gnu"]).encode(["gnu"]).any()


# Saving and sending.

FORMAT = archive.ArchiveFormat("encoder", 1)


def test_a_saved_encoder_is_the_same(encoder: Lexical, tmp_path: Path) -> None:
    path = tmp_path / "encoder"
    path.write_bytes(archive.dumps(FORMAT, encoder.about(), encoder.arrays()))
    loaded = archive.load(str(path), FORMAT, Lexical.restore)
    assert loaded.digest == encoder.digest
    np.testing.assert_array_equal(loaded.encode(TEXTS), encoder.encode(TEXTS))


TABLE = np.ones((1 << BITS, 2), np.int16)


@pytest.mark.parametrize(
    ("about", "table", "wrong"),
    [
        pytest.param({"bits": 3}, TABLE, "features", id="other features"),
        pytest.param({"ngrams": [1, 2]}, TABLE, "features", id="other n-grams"),
        pytest.param({"scale": 0}, TABLE, "scale", id="a scale of nothing"),
        pytest.param({"scale": float("inf")}, TABLE, "scale", id="an endless scale"),
        pytest.param({}, TABLE[:-1], "vectors", id="too few vectors"),
        pytest.param({}, TABLE[:, :0], "vectors", id="no dimensions"),
        pytest.param({}, TABLE.astype(np.float32), "vectors", id="vectors of fractions"),
        pytest.param({}, TABLE[:, 0], "vectors", id="numbers for vectors"),
    ],
)
def test_an_encoder_that_makes_no_sense_is_refused(
    about: dict[str, Any], table: NDArray[Any], wrong: str
) -> None:
    usual = Lexical(TABLE, 1.0).about()
    with pytest.raises(ValueError, match=f"encoder's {wrong} make no sense|{wrong}: too large"):
        Lexical.restore(usual | about, {"table": table})


def test_the_digest_follows_all_that_vectors_depend_on() -> None:
    other = TABLE.copy()
    other[5, 1] = 7
    digests = {
        Lexical(TABLE, 1.0).digest,
        Lexical(other, 1.0).digest,
        Lexical(TABLE, 0.5).digest,
    }
    assert len(digests) == 3


def test_a_used_encoder_travels_without_what_it_remembers(encoder: Lexical) -> None:
    unused = len(pickle.dumps(anew(encoder)))
    encoder.encode(TEXTS)
    sent = pickle.dumps(encoder)
    assert len(sent) == unused
    np.testing.assert_array_equal(pickle.loads(sent).encode(TEXTS), encoder.encode(TEXTS))

"""Word vectors learnt from texts, and encoders joined."""

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dataselect.errors import InputError
from dataselect.models import archive
from dataselect.models.encoders.joined import Joined, pool_encoder
from dataselect.models.encoders.lexical import Lexical
from dataselect.models.encoders.ppmi import cooccurrence
from dataselect.models.encoders.ppmi.ppmi_vectors import PpmiVectors
from dataselect.models.ngrams.tokens import word_tokens

FORMAT = archive.ArchiveFormat("encoder", 1)

TEXTS = [
    f"{verb} {what} {place}"
    for verb in ("play", "start")
    for what in ("the song", "the album", "some jazz")
    for place in ("here", "upstairs", "in the kitchen")
] + [f"is it {how} in {where}" for how in ("wet", "cold") for where in ("oslo", "rome", "bern")]


def cosine(encoder: PpmiVectors | Joined, one: str, other: str) -> float:
    left, right = encoder.encode([one, other], unit=True).astype(np.float64)
    return float(left @ right)


def test_words_in_the_same_contexts_are_near_each_other() -> None:
    encoder = PpmiVectors.fit(TEXTS, dimension=4)
    assert cosine(encoder, "oslo", "rome") > 0.9
    assert cosine(encoder, "oslo", "album") < 0.5


def test_co_occurrence_counts_are_twelve_over_the_distance() -> None:
    words, frequency = cooccurrence.vocabulary(["a b c", "a a"])
    counts = cooccurrence.cooccurrences(["a b c", "a a"], words).toarray()
    a, b, c = (
        int(np.searchsorted(words, each))
        for each in (cooccurrence.vocabulary([word])[0][0] for word in "abc")
    )
    assert (counts[a, b], counts[b, c], counts[a, c], counts[a, a]) == (12, 12, 6, 24)
    assert (counts == counts.T).all()
    assert [frequency[each] for each in (a, b, c)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("曲を流す", ["曲を", "を流", "流す"], id="kana and Chinese characters"),
        pytest.param("曲", ["曲"], id="one letter"),
        pytest.param("play 曲を", ["play", "曲を"], id="beside a word"),
        pytest.param("がが", ["がが"], id="canonically equal"),
        pytest.param("กี่โมง", ["กี่โ", "โม", "มง"], id="Thai letters and their marks"),
        pytest.param("Сыграй jazz", ["сыграй", "jazz"], id="spaced"),
    ],
)
def test_pairs_of_letters_are_the_words_of_what_has_no_spaces(text: str, words: list[str]) -> None:
    expected = [word_tokens([word], lowercase=True).hashes[0] for word in words]
    assert cooccurrence.words_of([text, "and more"]).hashes.tolist()[:-2] == expected


def test_pmi_is_that_of_the_formula() -> None:
    words, _ = cooccurrence.vocabulary(["a b c", "a a"])
    counts = cooccurrence.cooccurrences(["a b c", "a a"], words).toarray()
    found = cooccurrence.positive_pmi(cooccurrence.cooccurrences(["a b c", "a a"], words)).toarray()
    totals = counts.sum(axis=1)
    contexts = totals**0.75 / (totals**0.75).sum()
    for row in range(3):
        for column in range(3):
            ratio = counts[row, column] / totals[row] / contexts[column]
            expected = max(0, math.log(ratio)) if ratio else 0
            assert found[row, column] == pytest.approx(expected)


def test_a_vector_depends_on_its_text_alone() -> None:
    encoder = PpmiVectors.fit(TEXTS)
    together = encoder.encode([*TEXTS, "never seen", "..."], unit=True)
    for text, vector in zip(TEXTS, together, strict=False):
        assert (encoder.encode([text], unit=True)[0] == vector).all()
    assert not together[-2:].any()
    lengths = np.linalg.norm(together[:-2].astype(np.float64), axis=1)
    assert lengths == pytest.approx(np.ones(len(TEXTS)), abs=1e-4)


def test_fitting_again_gives_the_same_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = PpmiVectors.fit(TEXTS)
    monkeypatch.setattr(cooccurrence, "_TEXTS_AT_ONCE", 3)
    assert PpmiVectors.fit(TEXTS).digest == encoder.digest
    assert PpmiVectors.fit(TEXTS[:-1]).digest != encoder.digest


def test_texts_without_two_words_teach_nothing() -> None:
    with pytest.raises(InputError, match="no two words beside each other"):
        PpmiVectors.fit(["hello", "world"])
    with pytest.raises(InputError, match="has no words"):
        PpmiVectors.fit(["...", "?"])
    assert isinstance(pool_encoder(["hello", "world"], np.random.default_rng(0)), Lexical)


def test_joined_cosines_are_weighted_means() -> None:
    parts = PpmiVectors.fit(TEXTS), Lexical.fit(TEXTS)
    joined = Joined(parts, (1.0, 0.5))
    assert joined.dimension == parts[0].dimension + parts[1].dimension
    one, other = TEXTS[0], TEXTS[4]
    expected = 0.0
    for part, weight in zip(parts, (1.0, 0.5), strict=True):
        left, right = part.encode([one, other], unit=True).astype(np.float64)
        expected += weight**2 * float(left @ right)
    assert cosine(joined, one, other) == pytest.approx(expected / 1.25, abs=1e-4)
    assert joined.describe()["parts"] == [part.describe() for part in parts]


def test_a_saved_encoder_is_the_same(tmp_path: Path) -> None:
    encoder = PpmiVectors.fit(TEXTS)
    path = tmp_path / "encoder"
    path.write_bytes(archive.dumps(FORMAT, encoder.about(), encoder.arrays()))
    loaded = archive.load(str(path), FORMAT, PpmiVectors.restore)
    assert loaded.digest == encoder.digest
    np.testing.assert_array_equal(loaded.encode(TEXTS), encoder.encode(TEXTS))
    assert pickle.loads(pickle.dumps(encoder)).digest == encoder.digest


ARRAYS: dict[str, NDArray[Any]] = {
    "table": np.ones((2, 3), np.int16),
    "words": np.array([4, 9], np.uint64),
}


@pytest.mark.parametrize(
    ("damage", "wrong"),
    [
        pytest.param({"words": np.array([9, 4], np.uint64)}, "words", id="in another order"),
        pytest.param({"words": np.array([4, 4], np.uint64)}, "words", id="twice"),
        pytest.param({"words": np.array([4, 9], np.int64)}, "words", id="signed"),
        pytest.param({"words": np.array([4], np.uint64)}, "vectors", id="of other words"),
        pytest.param({"table": np.ones((2, 3), np.int32)}, "vectors", id="of another type"),
        pytest.param({"table": np.ones((2, 0), np.int16)}, "vectors", id="without dimensions"),
    ],
)
def test_a_damaged_encoder_is_refused(damage: dict[str, Any], wrong: str) -> None:
    about = PpmiVectors.fit(TEXTS).about()
    with pytest.raises(ValueError, match=f"encoder's {wrong} make no sense"):
        PpmiVectors.restore(about, ARRAYS | damage)

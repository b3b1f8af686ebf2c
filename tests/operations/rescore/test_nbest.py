"""n-best lists: what is refused, which hypotheses may win, and the log-linear sum."""

import json
import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MUSIC_ARPA as ARPA
from hypothesis import example, given
from hypothesis import strategies as st

from dataselect.errors import InputError
from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.models.normalization import Normalization
from dataselect.operations.rescore.log_linear import LogLinear, dumps, load, standardised, winners
from dataselect.operations.rescore.nbest import NBest, NBestField, candidates, find

SCORED = NBestField("nbest", {"score": "name it with --score-name"})
PLAY_JAZZ = (-0.5 - 0.5) - 0.25 + (-0.125 - 1)
PLAY_POLKA = (-0.5 - 0.5) + (-0.25 - 2) - 1


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    path = tmp_path_factory.mktemp("lm") / "music.arpa"
    path.write_text(ARPA)
    return LanguageModel(str(path))


@pytest.mark.parametrize(
    ("hypothesis", "name"),
    [
        ({"lm0": 1, "features": {"lm0": 2}}, "lm0"),
        ({"features": {"lm0": 1}}, "lm0"),
        ({"features": {"lm0": 1}, "lm0.x": 2}, "features.lm0"),
        ({"features.lm0": 1, "features": {"lm0": 2}}, "features.lm0"),
        ({"features": {"a.b": 1}, "a": {"b": 2}}, "a.b"),
        ({"am": {"score": 1}, "features": [1]}, "am.score"),
    ],
)
def test_a_number_is_found_in_the_hypothesis_then_in_its_features_then_by_dots(
    hypothesis: dict[str, Any], name: str
) -> None:
    assert find(hypothesis, name) == 1


def checked(lists: Sequence[Any], field: NBestField = SCORED) -> list[NBest]:
    return [field.column.check(own) for own in lists]


def decoded(values: Sequence[bytes], field: NBestField = SCORED) -> list[NBest] | None:
    """The lists as a decoder finds them, None where it leaves them to others."""
    decode = field.column.decode
    assert decode is not None
    with suppress(ValueError):
        return decode(values)
    return None


def plain(lists: Sequence[NBest]) -> list[tuple[list[str], list[list[float]]]]:
    return [(list(own.texts), own.numbers.tolist()) for own in lists]


def test_lists_that_are_good_are_decoded_as_they_are_checked() -> None:
    lists = [[{"text": "", "score": 1}], [{"text": "a", "score": -0.5}, {"text": "b", "score": 0}]]
    found = [([""], [[1.0]]), (["a", "b"], [[-0.5], [0.0]])]
    assert plain(checked(lists)) == found
    assert plain(decoded([json.dumps(own).encode() for own in lists]) or []) == found


NUMBERS = st.integers(-(10**25), 10**25) | st.floats() | st.none() | st.booleans() | st.text()
HYPOTHESES = st.fixed_dictionaries(
    {},
    optional={
        "text": st.text() | NUMBERS,
        "score": NUMBERS,
        "rank": st.integers(-9, 9),
        "features": st.dictionaries(st.sampled_from(["score", "rank", "x"]), NUMBERS) | NUMBERS,
    },
)
USUAL = st.fixed_dictionaries(
    {"text": st.text(), "score": st.integers(-9, 9) | st.floats(-9, 9)},
    optional={"features": st.dictionaries(st.sampled_from(["rank"]), st.floats(-9, 9))},
)


@given(
    st.lists(st.lists(USUAL | HYPOTHESES, max_size=3), min_size=1, max_size=3),
    st.sampled_from([("score",), ("score", "rank"), (), ("features",), ("text",), ('"', "a.b")]),
    st.booleans(),
)
@example([[{"text": "a", "score": 2**53 + 1}, {"text": "b", "score": -0.0}]], ("score",), False)
@example([[{"text": "a", "score": 1, "features": {"rank": 2}}]], ("score", "rank"), False)
def test_what_is_decoded_is_what_is_checked(
    lists: list[Any], names: tuple[str, ...], ascii_only: bool
) -> None:
    field = NBestField("nbest", dict.fromkeys(names, ""))
    values = [json.dumps(own, ensure_ascii=ascii_only) for own in lists]
    found = decoded([value.encode(errors="surrogatepass") for value in values], field)
    if found is not None:
        assert plain(found) == plain(checked(list(map(json.loads, values)), field))


@given(st.lists(st.lists(USUAL, min_size=1, max_size=3), min_size=1, max_size=3))
def test_usual_lists_are_left_to_nobody(lists: list[Any]) -> None:
    values = [json.dumps(own).encode() for own in lists]
    assert plain(decoded(values) or []) == plain(checked(lists))


def test_a_number_is_decoded_from_features_where_the_hypothesis_has_none() -> None:
    field = NBestField("nbest", {"score": "", "rank": ""})
    value = b'[{"text":"a","score":1,"features":{"rank":2}},{"text":"b","rank":3,"score":4}]'
    assert plain(decoded([value], field) or []) == [(["a", "b"], [[1.0, 2.0], [4.0, 3.0]])]


BAD = {
    "no array": ({"text": "a"}, "is not an array"),
    "null": (None, "is not an array"),
    "empty": ([], "is an empty list"),
    "a string for a hypothesis": (["a"], "hypothesis 1 that is not an object"),
    "no text": ([{"text": "a", "score": 1}, {"score": 1}], "hypothesis 2 without 'text'"),
    "a text that is none": ([{"text": 1, "score": 1}], "'text' of hypothesis 1 that is a number"),
    "half a surrogate": ([{"text": "\ud800", "score": 1}], "half a surrogate pair"),
    "no score": ([{"text": "a"}], "without 'score'; name it with --score-name"),
    "null for a score": ([{"text": "a", "score": None}], "'score' of hypothesis 1 that is null"),
    "a score that is text": ([{"text": "a", "score": "1"}], "is a string, not a number"),
    "a score that is true": ([{"text": "a", "score": True}], "is a boolean, not a number"),
    "an infinite score": ([{"text": "a", "score": 1e999}], "too large"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_list_is_refused_and_not_decoded(fault: str) -> None:
    value, reason = BAD[fault]
    with pytest.raises(ValueError, match=reason):
        SCORED.column.check(value)
    assert decoded([b'[{"text": "a", "score": 1}]', json.dumps(value).encode()]) is None


def test_copies_and_empty_texts_cannot_win() -> None:
    lists = [
        [{"text": text, "score": i} for i, text in enumerate(["b", "", "B", "a ", "b"])],
        [{"text": " ", "score": 7}, {"text": "", "score": 8}],
        [{"text": "c", "score": 9}],
    ]
    found = candidates(checked(lists), SCORED, Normalization(lowercase=True))
    assert found.texts == ["b", "a ", " ", "c"]
    assert found.ranks.tolist() == [1, 4, 1, 1]
    assert found.sizes.tolist() == [2, 1, 1]
    assert found.values["score"].tolist() == [0, 3, 7, 9]


TEXTS = st.lists(st.lists(st.sampled_from(["", " ", "a", "A", "b"]), min_size=1, max_size=6))


@given(TEXTS)
def test_candidates_are_the_first_of_each_text_of_their_list(texts: list[list[str]]) -> None:
    lists = [[{"text": text, "score": 0} for text in own] for own in texts]
    found = candidates(checked(lists), SCORED, Normalization(lowercase=True))
    first = 0
    for own, size in zip(texts, found.sizes.tolist(), strict=True):
        lowered = [text.lower() for text in own]
        worded = {text for text in lowered if text.strip()}
        ranks = found.ranks[first : first + size].tolist()
        assert ranks == (sorted(lowered.index(text) + 1 for text in worded) or [1])
        first += size


def test_the_sum_by_hand(lm: LanguageModel) -> None:
    weights = {"score": 2.0, "lm": 0.5, "words": -1.0, "oov": 10.0, "rank": 3.0}
    model = LogLinear(weights)
    nbest = model.nbest_field("nbest")
    lists = [
        [
            {"text": "play jazz", "score": -1, "features": {"rank": 1}},
            {"text": "play polka", "score": -4, "features": {"rank": 2}},
        ]
    ]
    found = model.features(checked(lists, nbest), nbest, lm)
    expected = [
        -2 + 0.5 * PLAY_JAZZ * math.log(10) - 2 + 3,
        -8 + 0.5 * PLAY_POLKA * math.log(10) - 2 + 10 + 6,
    ]
    assert model.totals(found.features).tolist() == pytest.approx(expected)


def test_length_normalisation_divides_by_words_and_the_end(lm: LanguageModel) -> None:
    model = LogLinear({"score": 0, "lm": 1, "words": 0, "oov": 0}, length_normalised=True)
    nbest = model.nbest_field("nbest")
    found = model.features(checked([[{"text": "play jazz"}]], nbest), nbest, lm)
    assert found.features[0, 1] == pytest.approx(PLAY_JAZZ * math.log(10) / 3)


def test_the_unknown_token_is_no_word_of_the_model(lm: LanguageModel) -> None:
    """`jazz` stands for a token that the model happens to know."""
    model = LogLinear(normalization=Normalization(unknown="jazz"))
    nbest = model.nbest_field("nbest")
    lists = [[{"text": "play jazz", "score": 0}, {"text": "play polka", "score": 0}]]
    found = model.features(checked(lists, nbest), nbest, lm)
    assert found.scored.oov.tolist() == [1, 1]
    assert found.scored.log_probs.tolist() == pytest.approx([PLAY_POLKA] * 2)


def test_standardised_by_hand() -> None:
    features = np.array([[1.0, 0.1], [3.0, 0.1], [0.1, 0.1], [0.1, 2.0], [0.1, 0.6]])
    found = standardised(features, np.array([2, 3]))
    assert found[:, 0].tolist() == [-1, 1, 0, 0, 0]
    assert found[:2, 1].tolist() == [0, 0]
    assert found[2:, 1].mean() == pytest.approx(0)
    assert found[2:, 1].std() == pytest.approx(1)


def test_of_equal_hypotheses_the_earlier_wins() -> None:
    assert winners(np.array([1.0, 2, 2, 5, 5, 0]), np.array([3, 2, 1])).tolist() == [1, 3, 5]


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    model = LogLinear(
        {"score": 0.1, "lm": -2.0, "words": 0.0, "oov": 1e-9, "rank": 3.0},
        length_normalised=True,
        normalization=Normalization(lowercase=True, punctuation="remove", unknown="<unk>"),
        score_name="am",
    )
    (tmp_path / "weights").write_bytes(dumps(model, {"lm": "abc"}))
    assert load(str(tmp_path / "weights")) == (model, "abc")


SAVED: dict[str, Any] = json.loads(dumps(LogLinear(), {}))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "dataselect relevance 1"},
        {"weights": {"score": 1}},
        {"weights": [1, 2, 3, 4]},
        {"weights": {**SAVED["weights"], "lm": None}},
        {"weights": {**SAVED["weights"], "lm": math.nan}},
        {"score_name": 1},
        {"standardised": 1},
        {"normalization": {"lower": True}},
        {"normalization": None},
    ],
)
def test_what_is_no_saved_model_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    (tmp_path / "weights").write_text(json.dumps(SAVED | change))
    with pytest.raises(InputError, match=r"weights: .*; save them anew"):
        load(str(tmp_path / "weights"))


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "[" * 100_000, "\ud800"])
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "weights").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match="save them anew"):
        load(str(tmp_path / "weights"))

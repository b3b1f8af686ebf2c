"""The intent classifier: its two classifiers, self-training, calibration, saved models."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from dataselect.errors import InputError
from dataselect.models import archive
from dataselect.models.archive import ArchiveFormat
from dataselect.models.encoders.base import Encoder
from dataselect.models.intent_classifier.classifier_training import parts
from dataselect.models.intent_classifier.conjugate_gradients import Rows
from dataselect.models.intent_classifier.features import NgramView, feature_counts
from dataselect.models.intent_classifier.intent_classifier import OTHER, IntentClassifier
from dataselect.models.intent_classifier.naive_bayes import NaiveBayes
from dataselect.models.intent_classifier.soft_regression import fit, log_softmax
from dataselect.models.intent_classifier.targets import Targets
from dataselect.models.intent_classifier.temperature import label_log_probs, temperature
from dataselect.models.intent_classifier.vector_views import JoinedView

ARTISTS = ["adele", "seal", "queen", "bach", "björk", "abba", "moby", "sade", "beck", "prince"]
PLACES = ["oslo", "paris", "rome", "bern", "kyoto", "quito", "lima", "cairo", "riga", "perth"]
MUSIC = [f"{verb} {artist}" for verb in ("play", "put on some", "listen to") for artist in ARTISTS]
WEATHER = [f"{what} {place}" for what in ("will it rain in", "how is it in") for place in PLACES]
CHATTER = [f"{what} {when}" for what in ("tell me a joke", "who are you") for when in ARTISTS]
LABELLED = [*MUSIC[::3], *WEATHER[::3]]
INTENTS = ["music"] * len(MUSIC[::3]) + ["weather"] * len(WEATHER[::3])
UNFILTERED = [
    form.format(word, where) + f" {number}"
    for words, forms in (
        (("song", "ditty"), ("play a {} from {}", "sing that {} by {}", "{} of {}")),
        (("rain", "hail"), ("any {} today in {}", "{} in the evening in {}", "will {} stop in {}")),
    )
    for word in words
    for form in forms
    for where in PLACES
    for number in range(15)
]


def no_encoder(described: object) -> Encoder:
    raise AssertionError(described)


@pytest.fixture(scope="module")
def classifier() -> IntentClassifier:
    return IntentClassifier().fit(
        LABELLED, INTENTS, background=CHATTER, pool=[*MUSIC, *WEATHER, *CHATTER]
    )


def named(classifier: IntentClassifier, texts: Sequence[str]) -> list[str]:
    return [str(name) for name in classifier.predict(texts)]


def test_unseen_texts_get_their_intent(classifier: IntentClassifier) -> None:
    texts = ["please play prince", "will it snow in oslo", "tell me a long joke"]
    assert named(classifier, texts) == ["music", "weather", OTHER]


def test_without_a_background_nothing_is_other() -> None:
    assert IntentClassifier().fit(LABELLED, INTENTS).names_ == ("music", "weather")


def test_labels_named_other_are_that_class() -> None:
    intents = ["music"] * 4 + [OTHER] * 4
    fitted = IntentClassifier().fit([*MUSIC[:4], *CHATTER[:4]], intents, background=WEATHER)
    assert fitted.names_ == ("music", OTHER)
    assert named(fitted, ["tell me a joke", "will it rain in rome"]) == [OTHER, OTHER]


TEXTS = st.lists(st.one_of(st.sampled_from(MUSIC + CHATTER), st.text(max_size=20)), max_size=9)


@given(TEXTS, st.integers(1, 4))
def test_a_probability_depends_on_its_text_alone(
    classifier: IntentClassifier, texts: list[str], size: int
) -> None:
    together = classifier.probabilities(texts)
    apart = [classifier.probabilities(texts[i : i + size]) for i in range(0, len(texts), size)]
    np.testing.assert_array_equal(together, np.concatenate([*apart, np.empty((0, 3))]))
    np.testing.assert_allclose(together.sum(axis=1), 1)


def test_the_pool_teaches_words_that_no_labelled_text_has() -> None:
    """Only texts of the pool say that tune goes with play and drizzle with rain."""
    labelled = ["play adele", "play bach", "any rain today", "any rain tonight"]
    intents = ["music", "music", "weather", "weather"]
    pool = [f"play a tune by {artist}" for artist in ARTISTS]
    pool += [f"any rain or drizzle in {place}" for place in PLACES]
    alone, taught = (
        IntentClassifier(rounds=rounds).fit(labelled, intents, pool=pool) for rounds in (0, 3)
    )
    before, after = (each.probabilities(["a tune", "drizzle"]) for each in (alone, taught))
    assert (np.diag(after) > 0.75).all()
    assert (np.diag(after) > np.diag(before)).all()


def test_unfiltered_text_teaches_words_that_no_labelled_text_has() -> None:
    """Only unfiltered text says that ditty stands where song does, and hail where rain does."""
    labelled = ["play a song", "sing that song", "any rain today", "rain in the evening"]
    intents = ["music", "music", "weather", "weather"]
    alone, taught = (
        IntentClassifier(rounds=0).fit(labelled, intents, unfiltered=texts)
        for texts in ((), UNFILTERED * 6)
    )
    before, after = (each.probabilities(["ditty", "hail"]) for each in (alone, taught))
    assert (np.diag(after) > np.diag(before) + 0.1).all()


@pytest.fixture(scope="module")
def taught() -> IntentClassifier:
    return IntentClassifier().fit(LABELLED, INTENTS, pool=MUSIC, unfiltered=UNFILTERED)


def test_with_vectors_a_probability_depends_on_its_text_alone(taught: IntentClassifier) -> None:
    texts = [*UNFILTERED[:100], *MUSIC, "", "never seen"]
    apart = np.concatenate([taught.probabilities([text]) for text in texts])
    np.testing.assert_array_equal(taught.probabilities(texts), apart)


def test_log_odds_are_those_of_rows(taught: IntentClassifier) -> None:
    view, linear = taught.view_, taught.linear_
    assert isinstance(view, JoinedView)
    rows = view.rows(MUSIC)
    assert rows.shape == (len(MUSIC), view.width)
    np.testing.assert_allclose(view.log_odds(MUSIC, linear), linear(rows), atol=1e-5)


def test_vectors_of_few_texts_weigh_little() -> None:
    few = IntentClassifier(rounds=0).fit(LABELLED, INTENTS, unfiltered=UNFILTERED[:1_500])
    assert isinstance(few.view_, JoinedView)
    assert few.view_.weight == pytest.approx((1_500 + len(LABELLED)) / 10_000)
    assert len(UNFILTERED) > 1_500


@pytest.mark.parametrize(("times", "share"), [(1, 1.0), (2, 0.5)])
def test_beside_a_background_vectors_weigh_the_less_the_more_is_labelled(
    times: int, share: float
) -> None:
    """Five texts an intent, each as often as that."""
    labelled, intents = [*MUSIC[:5], *WEATHER[:5]] * times, ["music", "weather"] * 5 * times
    views = [
        IntentClassifier(rounds=0, uncalibrated=True)
        .fit(labelled, intents, background=background, unfiltered=UNFILTERED * 6)
        .view_
        for background in ((), CHATTER)
    ]
    assert [view.weight for view in views if isinstance(view, JoinedView)] == [1, share]


@pytest.mark.parametrize(
    ("no_vectors", "texts"),
    [
        pytest.param(True, UNFILTERED, id="not wanted"),
        pytest.param(False, UNFILTERED[:500], id="too few texts"),
        pytest.param(False, [str(number) for number in range(2_000)], id="texts of one word"),
    ],
)
def test_ngrams_alone(no_vectors: bool, texts: list[str]) -> None:
    model = IntentClassifier(rounds=0, no_vectors=no_vectors).fit(
        ["a", "b"], ["x", "y"], unfiltered=texts
    )
    assert isinstance(model.view_, NgramView)


def test_the_same_data_and_seed_give_the_same_model() -> None:
    models = [
        IntentClassifier().fit(LABELLED, INTENTS, background=CHATTER, pool=MUSIC).dumps()
        for _ in range(2)
    ]
    assert models[0] == models[1]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_texts_is_enough(count: int) -> None:
    texts, intents = [*MUSIC[:count], *WEATHER[:count]], ["music"] * count + ["weather"] * count
    fitted = IntentClassifier().fit(texts, intents, pool=[*MUSIC, *WEATHER])
    assert named(fitted, ["play moby", "will it rain in cairo"]) == ["music", "weather"]


@pytest.mark.parametrize("texts", [[], MUSIC])
def test_a_single_intent_has_nothing_to_be_told_from(texts: list[str]) -> None:
    with pytest.raises(InputError, match="background"):
        IntentClassifier().fit(texts, ["music"] * len(texts))


def test_texts_without_words_are_no_reason_to_fail(classifier: IntentClassifier) -> None:
    assert np.isfinite(classifier.probabilities(["", "...", "!?"])).all()


# Its parts.


def test_features_by_hand() -> None:
    """Twice as, once "as as", and of each word " a", "as", "s ", " as", "as " and " as "."""
    counts = feature_counts(["as as", "as"])
    assert sorted(counts[[0]].data.tolist()) == [1] + [2] * 8
    assert sorted(counts[[1]].data.tolist()) == [1] * 8


def test_a_row_has_length_1_and_weighs_rare_words_more() -> None:
    counts = feature_counts(["play jazz", "play rock", "play"])
    rows = NgramView.of(counts, counts[:0]).weighted(counts)
    np.testing.assert_allclose(np.asarray(rows.power(2).sum(axis=1)).ravel(), 1)
    everywhere = int(feature_counts(["play"]).indices[0])
    view = NgramView.of(counts, counts[:0])
    assert view.scale[np.searchsorted(view.columns, everywhere)] == view.scale.min() == 1


def test_regression_is_that_of_scikit_learn() -> None:
    """The same loss: its C is 1 / (n * penalty)."""
    rng = np.random.default_rng(0)
    rows, classes = rng.normal(size=(60, 5)), rng.integers(0, 3, 60)
    weights = rng.uniform(0.5, 2, 60)
    reference = LogisticRegression(C=1 / (0.05 * weights.sum()), tol=1e-8).fit(
        rows, classes, weights
    )
    known = Targets(classes, np.empty((0, 3), np.float32))
    found = fit(Rows(csr_array(rows)), known, weights, 0.05).linear
    np.testing.assert_allclose(
        np.exp(log_softmax(found(csr_array(rows)))), reference.predict_proba(rows), atol=0.005
    )


def test_targets_may_be_undecided() -> None:
    """Two texts of the same row, one of each class, and one that is half of both: even odds."""
    rows = csr_array(np.ones((3, 1)))
    targets = Targets(np.array([0, 1]), np.array([[0.5, 0.5]], np.float32))
    odds = fit(Rows(rows), targets, np.ones(3), 0.1).linear(rows)
    np.testing.assert_allclose(odds[:, 0], odds[:, 1], atol=1e-6)


def test_naive_bayes_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of "a b", "a" and half of "b": a 2 and b 1.5 of 3.5, unsmoothed; the classes 2.5 and 1."""
    monkeypatch.setattr("dataselect.models.intent_classifier.naive_bayes._SMOOTHING", 0.0)
    present = csr_array(np.array([[1.0, 1], [1, 0], [0, 1], [1, 1]]))
    beliefs = np.array([[1, 0], [1, 0], [0.5, 0], [0, 1]])
    found = NaiveBayes.fit(present, beliefs)
    np.testing.assert_allclose(np.exp(found.words), [[2 / 3.5, 1 / 2], [1.5 / 3.5, 1 / 2]])
    np.testing.assert_allclose(np.exp(found.prior), [2.5, 1])


def test_naive_bayes_is_that_of_scikit_learn() -> None:
    """Where each word occurs as often as any other, smoothing adds the same to all."""
    present = np.array([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]])
    classes = np.array([0, 0, 1, 1])
    reference = MultinomialNB(alpha=0.01).fit(present, classes)
    odds = NaiveBayes.fit(csr_array(present), np.eye(2)[classes])(csr_array(present))
    np.testing.assert_allclose(log_softmax(odds), reference.predict_log_proba(present), atol=1e-9)


def test_answers_by_hand() -> None:
    """Log-odds 0, 0 and log 2 are 1/4, 1/4 and 1/2; the first and the last are one answer."""
    odds, label_of_class = np.log([[1.0, 1, 2]]), np.array([0, 1, 0])
    np.testing.assert_allclose(np.exp(label_log_probs(odds, label_of_class, 1.0)), [[0.75, 0.25]])
    hotter = np.exp(label_log_probs(odds, label_of_class, 2.0))
    np.testing.assert_allclose(hotter, [[np.sqrt(3) / (1 + np.sqrt(3)), 1 / (1 + np.sqrt(3))]])


@given(st.integers(0, 99), st.floats(0.2, 5))
def test_no_temperature_changes_an_answer(seed: int, heat: float) -> None:
    """It once sharpened the parts of "other" by themselves, and each was too weak to win."""
    odds = np.random.default_rng(seed).normal(size=(20, 8))
    label_of_class = np.array([0, 1, 2, 2, 2, 2, 2, 2])
    plain, tempered = (label_log_probs(odds, label_of_class, each) for each in (1.0, heat))
    assert plain.argmax(axis=1).tolist() == tempered.argmax(axis=1).tolist()


def test_the_temperature_makes_confidence_what_held_out_texts_say() -> None:
    """Odds of 9 to 1, right in 3 of 4, with 1 in 402 for doubt: 9 ** (1 / t) is near 3 at t = 2."""
    odds = np.log(np.array([[9.0, 1.0]] * 400))
    truth = (np.arange(400) % 4 == 0).astype(np.intp)
    found = temperature(odds, np.arange(2), truth, np.ones(400))
    right = 0.75 * 401 / 402 + 0.25 / 402
    assert found == pytest.approx(np.log(9) / np.log(right / (1 - right)), abs=0.001)


def test_texts_that_are_all_right_do_not_lead_to_certainty() -> None:
    """Five right ones are worth 6 in 7, however sure the intent classifier is."""
    odds = np.log(np.array([[20.0, 1.0]] * 5))
    found = temperature(odds, np.arange(2), np.zeros(5, np.intp), np.ones(5))
    confidence = np.exp(label_log_probs(odds, np.arange(2), found))[:, 0]
    np.testing.assert_allclose(confidence, 6 / 7, atol=0.001)


def test_a_background_is_divided_by_what_its_texts_say() -> None:
    texts = [text for pair in zip(MUSIC[:20], WEATHER, strict=True) for text in pair]
    found = parts(texts, np.random.default_rng(0))
    assert found.max() == 1
    agreement = np.mean((found == found[0]) == (np.arange(40) % 2 == 0))
    assert agreement > 0.9


# Saved models.


@pytest.mark.parametrize("fitted", ["classifier", "taught"])
def test_a_saved_model_gives_the_same_probabilities(
    fitted: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    model: IntentClassifier = request.getfixturevalue(fitted)
    path = tmp_path / "model"
    path.write_bytes(model.dumps())
    loaded = IntentClassifier.load(str(path), no_encoder)
    np.testing.assert_array_equal(loaded.probabilities(MUSIC), model.probabilities(MUSIC))
    assert loaded.digest == model.digest


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("names", ["music", "music", "other"]),
        ("names", ["music"]),
        ("label_of_class", [0, 1]),
        ("temperature", 0),
        ("view", {"kind": "ngrams", "order": 3, "bits": [18, 15]}),
        ("view", {"kind": "ngrams and vectors", "weight": -1, "ngrams": {}, "encoder": {}}),
        ("view", {"kind": "ngrams and vectors", "weight": 1, "ngrams": {"kind": "ngrams"}}),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(
    classifier: IntentClassifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: object,
) -> None:
    dumps = archive.dumps

    def changed(
        format_: ArchiveFormat, about: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> bytes:
        return dumps(format_, {**about, name: value}, arrays)

    path = tmp_path / "model"
    with monkeypatch.context() as patched:
        patched.setattr(archive, "dumps", changed)
        path.write_bytes(classifier.dumps())
    with pytest.raises(InputError, match="not a label model"):
        IntentClassifier.load(str(path), no_encoder)

"""Distances to in-domain text: each rule by hand and by reference, and what holds for all."""

import json
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.covariance import shrunk_covariance
from sklearn.linear_model import LogisticRegression

from dataselect.errors import InputError, OptionError
from dataselect.models.encoders.base import unit
from dataselect.operations.bitext.distance_rule import Distance
from dataselect.operations.bitext.fitting import (
    Fit,
    Rule,
    WhitenedSpace,
    default_shrinkage,
    discriminant_distance,
    fit,
)

DIMENSION = 12
RULES: tuple[Rule, ...] = get_args(Rule)
every_rule = pytest.mark.parametrize("rule", RULES)

Vectors = NDArray[np.float32]


def sentences(n: int, seed: int, lean: float = 0.0) -> Vectors:
    """Vectors that share a direction, as those of sentences do, and lean by some in another."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n, DIMENSION)) / np.arange(1, DIMENSION + 1)
    numbers[:, 0] += 4
    numbers[:, 5] += lean
    return unit(numbers)


IN_DOMAIN, UNSEEN = sentences(150, 1, lean=0.6), sentences(2_000, 2, lean=0.6)
CORPUS = sentences(700, 3)


def fitted(
    rule: Rule = "discriminant", in_domain: Vectors = IN_DOMAIN, corpus: Vectors = CORPUS
) -> Fit:
    return fit(in_domain, corpus, rule, np.random.default_rng(0))


FITTED = {rule: fitted(rule) for rule in RULES}


def axes(*rows: list[float]) -> Vectors:
    return unit(np.array(rows))


def test_discriminant_by_hand() -> None:
    """Variances 2/3 and 1/3, and their mean added, make 7/6 and 5/6.

    Divided by these, the corpus varies by 4/7 and 2/5, 17/35 on average: so squares count 30/17
    and 42/17.
    """
    corpus = axes([1, 0], [1, 0], [-1, 0], [-1, 0], [0, 1], [0, -1])
    space = WhitenedSpace.of(corpus, axes([0.6, 0.8]), 1.0)
    discriminant = discriminant_distance(space, axes([0.6, 0.8]))
    to_centroid = (0.36 * 30 + 0.64 * 42) / 17
    np.testing.assert_allclose(
        discriminant(axes([1, 0], [0, 1], [0, -1])),
        [to_centroid - 2 * 0.6 * 30 / 17, to_centroid - 1.6 * 42 / 17, to_centroid + 1.6 * 42 / 17],
        atol=1e-5,
    )


def test_discriminant_is_zero_half_way() -> None:
    corpus = axes([1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1])
    discriminant = fitted("discriminant", axes([0, 1, 0]), corpus).distance
    vectors = np.array([[0, 0.5, 0], [0, 0, 0], [0, 1, 0]], np.float32)
    half_way, at_corpus, at_centroid = discriminant(vectors).tolist()
    assert half_way == pytest.approx(0, abs=1e-5)
    assert at_corpus == pytest.approx(-at_centroid, abs=1e-5)
    assert at_corpus > 0


@pytest.mark.parametrize(("n", "share"), [(50, 50 / 750), (150, 0.1)])
def test_whitened_distances_are_those_of_a_pooled_shrunk_covariance(n: int, share: float) -> None:
    """Mahalanobis, with the covariance that scikit-learn shrinks by lambda / (1 + lambda)."""
    shrinkage = 0.5
    space = WhitenedSpace.of(CORPUS, IN_DOMAIN[:n], shrinkage)
    own, others = (np.cov(each.T.astype(np.float64), bias=True) for each in (IN_DOMAIN[:n], CORPUS))
    pooled = share * own + (1 - share) * others
    inverse = np.linalg.inv(shrunk_covariance(pooled, shrinkage / (1 + shrinkage)))
    expected = cdist(CORPUS[:20], CORPUS[20:40], "mahalanobis", VI=inverse)
    ratios = cdist(space(CORPUS[:20]), space(CORPUS[20:40])) / expected
    np.testing.assert_allclose(ratios, ratios[0, 0], rtol=1e-4)


def test_the_corpus_varies_by_one_in_whitened_coordinates() -> None:
    coordinates = WhitenedSpace.of(CORPUS, IN_DOMAIN, 0.5)(CORPUS)
    assert np.square(coordinates).mean() == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(coordinates.mean(axis=0), 0, atol=1e-4)


def test_discriminant_is_the_difference_of_two_squared_distances() -> None:
    space = WhitenedSpace.of(CORPUS, IN_DOMAIN, 0.5)
    centroid = space(IN_DOMAIN[:1])
    discriminant = discriminant_distance(space, IN_DOMAIN[:1])
    coordinates = space(UNSEEN)
    expected = cdist(coordinates, centroid, "sqeuclidean").min(axis=1)
    expected -= np.square(coordinates).sum(axis=1)
    np.testing.assert_allclose(discriminant(UNSEEN), expected, atol=1e-4)


def test_the_plain_rule_is_the_cosine_to_the_mean() -> None:
    mean = IN_DOMAIN.astype(np.float64).mean(axis=0, keepdims=True)
    expected = cdist(UNSEEN, mean, "cosine").ravel()
    np.testing.assert_allclose(fitted("centroid").distance(UNSEEN), expected, atol=1e-5)


def test_the_shared_direction_hides_the_domain_until_it_is_taken_out() -> None:
    raw = fitted("centroid").figures["auc"]
    assert raw + 0.2 < fitted("discriminant").figures["auc"]


@every_rule
def test_in_domain_text_is_nearer(rule: Rule) -> None:
    distance = fitted(rule).distance
    assert np.median(distance(UNSEEN)) < np.median(distance(sentences(500, 9)))


@every_rule
@settings(max_examples=15)
@given(st.lists(st.integers(0, 40), max_size=6))
def test_a_distance_depends_on_its_vector_alone(rule: Rule, cuts: list[int]) -> None:
    distance = FITTED[rule].distance
    vectors = UNSEEN[:40]
    parts = [distance(part) for part in np.split(vectors, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(parts), distance(vectors))


@every_rule
@settings(max_examples=15)
@given(st.permutations(range(DIMENSION)))
def test_sums_are_exact_so_their_order_does_not_matter(rule: Rule, order: list[int]) -> None:
    distance = FITTED[rule].distance
    shuffled = Distance(distance.weights[order], distance.offsets)
    expected = distance(UNSEEN[:50])
    np.testing.assert_array_equal(shuffled(UNSEEN[:50][:, order]), expected)


@every_rule
def test_the_same_seed_fits_the_same_distance(rule: Rule) -> None:
    once, again = FITTED[rule], fitted(rule)
    assert (once.distance.about(), once.figures) == (again.distance.about(), again.figures)
    for name, values in once.distance.arrays().items():
        np.testing.assert_array_equal(values, again.distance.arrays()[name])
    np.testing.assert_array_equal(once.held_out, again.held_out)


@every_rule
def test_a_distance_survives_being_written_and_read(rule: Rule) -> None:
    kept = FITTED[rule].distance
    back = Distance.restore(json.loads(json.dumps(kept.about())), kept.arrays())
    np.testing.assert_array_equal(back(UNSEEN), kept(UNSEEN))


BROKEN: dict[str, dict[str, Any]] = {
    "no kind": {"about": {"kind": None}},
    "two functions": {"arrays": {"weights": np.ones((DIMENSION, 2))}},
    "a weight that is no number": {"arrays": {"weights": np.full((DIMENSION, 1), np.nan)}},
    "single precision": {"arrays": {"offsets": np.zeros(1, np.float32)}},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_distance_is_not_restored(broken: dict[str, Any]) -> None:
    kept = FITTED["centroid"].distance
    about = kept.about() | broken.get("about", {})
    with pytest.raises(ValueError, match="its"):
        Distance.restore(about, kept.arrays() | broken.get("arrays", {}))


def test_a_distance_with_a_part_missing_is_not_restored() -> None:
    kept = FITTED["discriminant"].distance
    with pytest.raises(KeyError, match="weights"):
        Distance.restore(kept.about(), {})


@every_rule
def test_the_radius_holds_its_share_of_unseen_text(rule: Rule) -> None:
    fit_ = fitted(rule, UNSEEN[:1_000])
    radius = np.quantile(fit_.held_out, 0.9)
    assert (fit_.distance(UNSEEN[1_000:]) <= radius).mean() == pytest.approx(0.9, abs=0.03)


def test_held_out_distances_are_of_rules_that_did_not_see_the_text() -> None:
    """Of two texts each is judged by the other; a copy shares its fold and does not help."""
    twice = np.repeat(IN_DOMAIN[:2], 2, axis=0)
    held_out = fitted("centroid", twice).held_out
    assert held_out.min() > 0
    np.testing.assert_array_equal(held_out[::2], held_out[1::2])


@every_rule
def test_figures_say_how_good_the_distance_is(rule: Rule) -> None:
    figures = fitted(rule, corpus=np.concatenate((CORPUS, IN_DOMAIN[:30]))).figures
    assert (figures["in_domain"], figures["corpus"], figures["copies_left_out"]) == (150, 700, 30)
    assert figures["distinct"] == 150
    assert 0 <= figures["corpus_share_within"] <= 1
    assert 0 < figures["auc"] <= 1


def test_two_texts_are_enough_to_hold_one_out() -> None:
    assert len(fitted("discriminant", IN_DOMAIN[:2]).held_out) == 2


@pytest.mark.parametrize("copies", [1, 3])
@every_rule
def test_one_text_works_and_nothing_is_held_out(rule: Rule, copies: int) -> None:
    single = fitted(rule, np.repeat(IN_DOMAIN[:1], copies, axis=0))
    assert np.isfinite(single.distance(UNSEEN)).all()
    assert len(single.held_out) == 0
    assert "nothing to hold out" in single.warnings()[0]


def test_a_distance_that_cannot_tell_says_so() -> None:
    other = fitted("discriminant", sentences(150, 11))
    assert "hardly nearer" in other.warnings()[0]
    assert FITTED["discriminant"].warnings() == []


@every_rule
def test_a_corpus_of_one_text_is_enough(rule: Rule) -> None:
    distance = fitted(rule, corpus=CORPUS[:1]).distance
    assert np.isfinite(distance(UNSEEN)).all()


def test_no_in_domain_text_is_refused() -> None:
    with pytest.raises(InputError, match="no records"):
        fitted("discriminant", IN_DOMAIN[:0])


@pytest.mark.parametrize("corpus", [IN_DOMAIN[:7], IN_DOMAIN[:0]], ids=["copies", "nothing"])
def test_a_corpus_of_nothing_else_is_refused(corpus: Vectors) -> None:
    with pytest.raises(InputError, match="no text is left"):
        fitted("discriminant", corpus=corpus)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(OptionError, match="rule nearest"):
        fitted("nearest")  # type: ignore[arg-type]


def test_few_texts_are_shrunk_more() -> None:
    assert default_shrinkage(20, 256) > default_shrinkage(500, 256) > default_shrinkage(500, 64)
    assert fitted("discriminant").figures["shrinkage"] == 0.2 + DIMENSION / 150


def test_logistic_is_minus_the_log_odds_of_scikit_learn() -> None:
    space = WhitenedSpace.of(CORPUS, IN_DOMAIN, default_shrinkage(*IN_DOMAIN.shape))
    model = LogisticRegression(C=0.03 / DIMENSION, class_weight="balanced", max_iter=1_000)
    model.fit(space(np.concatenate((IN_DOMAIN, CORPUS))), np.repeat([1, 0], [150, 700]))
    distance = fitted("logistic").distance
    expected = -model.decision_function(space(UNSEEN))
    np.testing.assert_allclose(distance(UNSEEN), expected, atol=1e-4)

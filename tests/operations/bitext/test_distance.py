"""Distances to in-domain text: each rule by hand and by reference, and what holds for all."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.covariance import shrunk_covariance
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

from dataselect.errors import InputError, OptionError
from dataselect.models.encoders.base import unit
from dataselect.operations.bitext.distance import distance_rules
from dataselect.operations.bitext.distance.distance_rules import (
    LinearRule,
    NearestPointsRule,
    restore,
)
from dataselect.operations.bitext.distance.embedding_space import Space
from dataselect.operations.bitext.distance.fitting import Fit, default_shrinkage, fit
from dataselect.operations.bitext.distance.options import DistanceOptions, Metric

DIMENSION = 12
OPTIONS = {
    "contrast": DistanceOptions(),
    "contrast with two centroids": DistanceOptions(centroids=2),
    "centroid": DistanceOptions("centroid"),
    "centroid, euclidean": DistanceOptions("centroid", metric="euclidean"),
    "centroid, raw": DistanceOptions("centroid", space="raw"),
    "three centroids, centred": DistanceOptions("centroid", centroids=3, space="centred"),
    "neighbours": DistanceOptions("neighbours"),
    "neighbours, euclidean": DistanceOptions("neighbours", neighbours=9, metric="euclidean"),
    "logistic": DistanceOptions("logistic"),
}
every_rule = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())

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
    options: DistanceOptions, in_domain: Vectors = IN_DOMAIN, corpus: Vectors = CORPUS
) -> Fit:
    return fit(in_domain, corpus, options, np.random.default_rng(0))


FITTED = {options: fitted(options) for options in OPTIONS.values()}


def axes(*rows: list[float]) -> Vectors:
    return unit(np.array(rows))


def test_contrast_by_hand() -> None:
    """Variances 2/3 and 1/3, and their mean added, make 7/6 and 5/6.

    Divided by these, the corpus varies by 4/7 and 2/5, 17/35 on average: so squares count 30/17
    and 42/17.
    """
    corpus = axes([1, 0], [1, 0], [-1, 0], [-1, 0], [0, 1], [0, -1])
    contrast = fitted(DistanceOptions(shrinkage=1.0), axes([0.6, 0.8]), corpus).distance
    to_centroid = (0.36 * 30 + 0.64 * 42) / 17
    np.testing.assert_allclose(
        contrast(axes([1, 0], [0, 1], [0, -1])),
        [to_centroid - 2 * 0.6 * 30 / 17, to_centroid - 1.6 * 42 / 17, to_centroid + 1.6 * 42 / 17],
        atol=1e-5,
    )


def test_contrast_is_zero_half_way() -> None:
    corpus = axes([1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1])
    contrast = fitted(DistanceOptions(), axes([0, 1, 0]), corpus).distance
    vectors = np.array([[0, 0.5, 0], [0, 0, 0], [0, 1, 0]], np.float32)
    half_way, at_corpus, at_centroid = contrast(vectors).tolist()
    assert half_way == pytest.approx(0, abs=1e-5)
    assert at_corpus == pytest.approx(-at_centroid, abs=1e-5)
    assert at_corpus > 0


@pytest.mark.parametrize(("n", "share"), [(50, 50 / 750), (150, 0.1)])
def test_whitened_distances_are_those_of_a_pooled_shrunk_covariance(n: int, share: float) -> None:
    """Mahalanobis, with the covariance that scikit-learn shrinks by lambda / (1 + lambda)."""
    shrinkage = 0.5
    space = Space.whitened(CORPUS, IN_DOMAIN[:n], shrinkage)
    own, others = (np.cov(each.T.astype(np.float64), bias=True) for each in (IN_DOMAIN[:n], CORPUS))
    pooled = share * own + (1 - share) * others
    inverse = np.linalg.inv(shrunk_covariance(pooled, shrinkage / (1 + shrinkage)))
    expected = cdist(CORPUS[:20], CORPUS[20:40], "mahalanobis", VI=inverse)
    ratios = cdist(space(CORPUS[:20]), space(CORPUS[20:40])) / expected
    np.testing.assert_allclose(ratios, ratios[0, 0], rtol=1e-4)


def test_the_corpus_varies_by_one_in_whitened_coordinates() -> None:
    coordinates = Space.whitened(CORPUS, IN_DOMAIN, 0.5)(CORPUS)
    assert np.square(coordinates).mean() == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(coordinates.mean(axis=0), 0, atol=1e-4)


def test_contrast_is_the_difference_of_two_squared_distances() -> None:
    space = Space.whitened(CORPUS, IN_DOMAIN, 0.5)
    centroids = space(IN_DOMAIN[:3])
    contrast = LinearRule.contrast(space, centroids)
    coordinates = space(UNSEEN)
    expected = cdist(coordinates, centroids, "sqeuclidean").min(axis=1)
    expected -= np.square(coordinates).sum(axis=1)
    np.testing.assert_allclose(contrast(UNSEEN), expected, atol=1e-4)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_plain_rule_is_the_distance_to_the_mean(metric: Metric) -> None:
    options = DistanceOptions("centroid", metric=metric, space="raw")
    mean = IN_DOMAIN.astype(np.float64).mean(axis=0, keepdims=True)
    expected = cdist(UNSEEN, mean, metric).ravel()
    np.testing.assert_allclose(fitted(options).distance(UNSEEN), expected, atol=1e-5)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbours_are_those_of_scikit_learn(metric: Metric) -> None:
    options = DistanceOptions("neighbours", neighbours=4, metric=metric, space="centred")
    mean = CORPUS.astype(np.float64).mean(axis=0)
    reference = NearestNeighbors(n_neighbors=4, metric=metric).fit(IN_DOMAIN - mean)
    expected = reference.kneighbors(UNSEEN - mean)[0].mean(axis=1)
    np.testing.assert_allclose(fitted(options).distance(UNSEEN), expected, atol=1e-5)


def test_fewer_vectors_than_neighbours_are_all_neighbours() -> None:
    options = DistanceOptions("neighbours", space="raw")
    two = fitted(options, axes([1, 0], [0, 1]), axes([-1, 0])).distance
    assert two(axes([1, 0], [0.6, 0.8])).tolist() == pytest.approx([0.5, 0.3], abs=1e-5)


def test_the_shared_direction_hides_the_domain_until_it_is_taken_out() -> None:
    raw, centred, whitened = (
        fitted(DistanceOptions("centroid", space=space)).figures["auc"]
        for space in ("raw", "centred", "whitened")
    )
    assert raw + 0.2 < centred < whitened


def test_a_domain_of_two_modes_wants_two_centroids() -> None:
    rng = np.random.default_rng(0)
    one, other, corpus = (
        unit(centre + rng.normal(scale=0.2, size=(200, 3)))
        for centre in ([1, 0, 0], [-1, 0, 0], [0, 1, 0])
    )
    modes = np.concatenate((one, other))
    single, double = (
        fitted(
            DistanceOptions("centroid", centroids=k, metric="euclidean", space="raw"), modes, corpus
        )
        for k in (1, 2)
    )
    assert (single.figures["auc"] < 0.5, double.figures["auc"] > 0.95) == (True, True)


@every_rule
def test_in_domain_text_is_nearer(options: DistanceOptions) -> None:
    distance = fitted(options).distance
    assert np.median(distance(UNSEEN)) < np.median(distance(sentences(500, 9)))


@every_rule
@settings(max_examples=15)
@given(st.lists(st.integers(0, 40), max_size=6))
def test_a_distance_depends_on_its_vector_alone(options: DistanceOptions, cuts: list[int]) -> None:
    distance = FITTED[options].distance
    vectors = UNSEEN[:40]
    parts = [distance(part) for part in np.split(vectors, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(parts), distance(vectors))


def test_many_neighbours_are_looked_at_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    distance = FITTED[OPTIONS["neighbours"]].distance
    at_once = distance(UNSEEN[:50])
    monkeypatch.setattr(distance_rules, "_NUMBERS_AT_ONCE", 7 * len(IN_DOMAIN))
    np.testing.assert_array_equal(distance(UNSEEN[:50]), at_once)


@every_rule
@settings(max_examples=15)
@given(st.permutations(range(DIMENSION)))
def test_sums_are_exact_so_their_order_does_not_matter(
    options: DistanceOptions, order: list[int]
) -> None:
    distance = FITTED[options].distance
    shuffled: LinearRule | NearestPointsRule
    if isinstance(distance, LinearRule):
        shuffled = LinearRule(distance.weights[order], distance.offsets)
    else:
        assert isinstance(distance, NearestPointsRule)
        space, points = distance.space, distance.points
        if space.matrix is None:
            turned = Space(space.origin[order], None, space.step)
            points = points[:, order]
        else:
            turned = Space(space.origin[order], space.matrix[order], space.step)
        shuffled = NearestPointsRule(turned, distance.metric, points, distance.number)
    expected = distance(UNSEEN[:50])
    np.testing.assert_array_equal(shuffled(UNSEEN[:50][:, order]), expected)


@every_rule
def test_the_same_seed_fits_the_same_distance(options: DistanceOptions) -> None:
    once, again = FITTED[options], fitted(options)
    assert (once.distance.about(), once.figures) == (again.distance.about(), again.figures)
    for name, values in once.distance.arrays().items():
        np.testing.assert_array_equal(values, again.distance.arrays()[name])
    np.testing.assert_array_equal(once.held_out, again.held_out)


@every_rule
def test_a_distance_survives_being_written_and_read(options: DistanceOptions) -> None:
    kept = FITTED[options].distance
    back = restore(json.loads(json.dumps(kept.about())), kept.arrays())
    np.testing.assert_array_equal(back(UNSEEN), kept(UNSEEN))
    assert back.dimension == DIMENSION


BROKEN: dict[str, dict[str, Any]] = {
    "no kind": {"about": {"kind": None}},
    "a matrix of another shape": {"arrays": {"matrix": np.eye(3)}},
    "points of another width": {"arrays": {"points": np.ones((2, 3))}},
    "points that are not numbers": {"arrays": {"points": np.full((2, DIMENSION), np.nan)}},
    "single precision": {"arrays": {"origin": np.zeros(DIMENSION, np.float32)}},
    "more neighbours than points": {"about": {"number": 1_000}},
    "an unknown metric": {"about": {"metric": "manhattan"}},
    "a step that is no power of two": {"about": {"step": 0.3}},
    "no step": {"about": {"step": None}},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_distance_is_not_restored(broken: dict[str, Any]) -> None:
    kept = FITTED[OPTIONS["neighbours"]].distance
    about = kept.about() | broken.get("about", {})
    with pytest.raises(ValueError, match="its"):
        restore(about, kept.arrays() | broken.get("arrays", {}))


def test_a_distance_with_a_part_missing_is_not_restored() -> None:
    kept = FITTED[OPTIONS["contrast"]].distance
    with pytest.raises(ValueError, match="lacks 'weights'"):
        restore(kept.about(), {})


@every_rule
def test_the_radius_holds_its_share_of_unseen_text(options: DistanceOptions) -> None:
    fit_ = fitted(options, UNSEEN[:1_000])
    radius = np.quantile(fit_.held_out, 0.9)
    assert (fit_.distance(UNSEEN[1_000:]) <= radius).mean() == pytest.approx(0.9, abs=0.03)


def test_held_out_distances_are_of_rules_that_did_not_see_the_text() -> None:
    """A neighbour of itself is at no distance; a copy shares its fold and does not help."""
    twice = np.repeat(IN_DOMAIN, 2, axis=0)
    options = DistanceOptions("neighbours", neighbours=1)
    held_out = fitted(options, twice).held_out
    assert held_out.min() > 0
    np.testing.assert_array_equal(held_out[::2], held_out[1::2])


@every_rule
def test_figures_say_how_good_the_distance_is(options: DistanceOptions) -> None:
    figures = fitted(options, corpus=np.concatenate((CORPUS, IN_DOMAIN[:30]))).figures
    assert (figures["in_domain"], figures["corpus"], figures["copies_left_out"]) == (150, 700, 30)
    assert figures["distinct"] == 150
    assert 0 <= figures["corpus_share_within"] <= 1
    assert 0 < figures["auc"] <= 1


def test_two_texts_are_enough_to_hold_one_out() -> None:
    assert len(fitted(DistanceOptions(), IN_DOMAIN[:2]).held_out) == 2


@pytest.mark.parametrize("copies", [1, 3])
@every_rule
def test_one_text_works_and_nothing_is_held_out(options: DistanceOptions, copies: int) -> None:
    if (options.centroids or 1) > 1:
        return
    single = fitted(options, np.repeat(IN_DOMAIN[:1], copies, axis=0))
    assert np.isfinite(single.distance(UNSEEN)).all()
    assert len(single.held_out) == 0
    assert "nothing to hold out" in single.warnings()[0]


def test_a_distance_that_cannot_tell_says_so() -> None:
    other = fitted(DistanceOptions(), sentences(150, 11))
    assert "hardly nearer" in other.warnings()[0]
    assert FITTED[OPTIONS["contrast"]].warnings() == []


@every_rule
def test_a_corpus_of_one_text_is_enough(options: DistanceOptions) -> None:
    distance = fitted(options, corpus=CORPUS[:1]).distance
    assert np.isfinite(distance(UNSEEN)).all()


def test_no_in_domain_text_is_refused() -> None:
    with pytest.raises(InputError, match="no records"):
        fitted(DistanceOptions(), IN_DOMAIN[:0])


@pytest.mark.parametrize("corpus", [IN_DOMAIN[:7], IN_DOMAIN[:0]], ids=["copies", "nothing"])
def test_a_corpus_of_nothing_else_is_refused(corpus: Vectors) -> None:
    with pytest.raises(InputError, match="no text is left"):
        fitted(DistanceOptions(), corpus=corpus)


def test_more_centroids_than_distinct_texts_are_refused() -> None:
    three = np.repeat(IN_DOMAIN[:3], 5, axis=0)
    assert np.isfinite(fitted(DistanceOptions(centroids=3), three).held_out).all()
    with pytest.raises(OptionError, match="centroids 4 is more"):
        fitted(DistanceOptions(centroids=4), three)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"rule": "nearest"}, "rule nearest"),
        ({"rule": "centroid", "metric": "manhattan"}, "metric manhattan"),
        ({"rule": "centroid", "space": "flat"}, "space flat"),
        ({"centroids": 0}, "centroids 0"),
        ({"rule": "neighbours", "neighbours": 0}, "neighbours 0"),
        ({"neighbours": 3}, "neighbours has no meaning with rule contrast"),
        ({"metric": "cosine"}, "metric has no meaning"),
        ({"rule": "neighbours", "centroids": 2}, "centroids has no meaning"),
        ({"rule": "logistic", "space": "raw"}, "space has no meaning"),
        ({"shrinkage": 0.0}, "shrinkage 0.0"),
        ({"shrinkage": float("nan")}, "shrinkage nan"),
        ({"rule": "centroid", "space": "raw", "shrinkage": 1.0}, "whitened"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], word: str) -> None:
    with pytest.raises(OptionError, match=word):
        DistanceOptions(**options)


def test_few_texts_are_shrunk_more() -> None:
    assert default_shrinkage(20, 256) > default_shrinkage(500, 256) > default_shrinkage(500, 64)
    assert fitted(DistanceOptions()).figures["shrinkage"] == 0.2 + DIMENSION / 150
    assert fitted(DistanceOptions(shrinkage=2.0)).figures["shrinkage"] == 2.0


def test_logistic_is_minus_the_log_odds_of_scikit_learn() -> None:
    space = Space.whitened(CORPUS, IN_DOMAIN, 0.5)
    model = LogisticRegression(C=0.03 / DIMENSION, class_weight="balanced", max_iter=1_000)
    model.fit(space(np.concatenate((IN_DOMAIN, CORPUS))), np.repeat([1, 0], [150, 700]))
    distance = fitted(DistanceOptions("logistic", shrinkage=0.5)).distance
    expected = -model.decision_function(space(UNSEEN))
    np.testing.assert_allclose(distance(UNSEEN), expected, atol=1e-4)

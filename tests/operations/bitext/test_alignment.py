"""Margins of sentence pairs: by hand, against all pairs sorted, and where cosines mislead."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataselect.errors import OptionError
from dataselect.models.encoders.base import unit
from dataselect.models.neighbours import exact, faiss_index
from dataselect.models.neighbours.blocks import Side
from dataselect.operations.bitext.alignment.margin import Margin, alignment, neighbour_search

Vectors = NDArray[np.float32]

MOST_EXACT = "dataselect.operations.bitext.alignment.margin.MOST_EXACT"


def side(vectors: object, index: list[int] | None = None) -> Side:
    """A side with unit vectors; without `index`, each pair has a text of its own."""
    found = unit(np.array(vectors, np.float64))
    return Side(found, np.arange(len(found)) if index is None else np.array(index))


def brute_force(source: Side, target: Side, margin: Margin, k: int) -> NDArray[np.float64]:
    """The formulas, with all products of distinct texts sorted."""
    products = source.vectors.astype(np.float64) @ target.vectors.astype(np.float64).T
    ours = np.sort(products, axis=1)[:, -k:].mean(axis=1)[source.index]
    theirs = np.sort(products, axis=0)[-k:].mean(axis=0)[target.index]
    own, around = products[source.index, target.index], (ours + theirs) / 2
    margins: dict[Margin, NDArray[np.float64]] = {
        "ratio": own / np.maximum(around, 0.01),
        "distance": own - around,
        "cosine": own,
    }
    return margins[margin]


@st.composite
def sides(draw: st.DrawFn) -> tuple[Side, Side]:
    """Both sides of up to 12 pairs of up to 6 distinct texts, some of them zero vectors."""
    dimension, pairs = draw(st.integers(1, 4)), draw(st.integers(1, 12))
    found = []
    for _ in range(2):
        distinct = draw(st.integers(1, 6))
        entries = st.lists(st.integers(-3, 3), min_size=dimension, max_size=dimension)
        vectors = draw(st.lists(entries, min_size=distinct, max_size=distinct))
        index = st.lists(st.integers(0, distinct - 1), min_size=pairs, max_size=pairs)
        found.append(side(vectors, draw(index)))
    return found[0], found[1]


def clustered(size: int, *, seed: int = 0) -> tuple[Side, Side]:
    """Pairs whose sources lie around 50 centres, and whose targets lie near their sources."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(50, 24))
    vectors = centres[rng.integers(50, size=size)] + 0.5 * rng.normal(size=(size, 24))
    return side(vectors), side(vectors + 0.2 * rng.normal(size=vectors.shape))


def test_margins_by_hand() -> None:
    """Cosines in the plane: 0.6 and 1 in the first row, 0.8 and 0 in the second; k = 2."""
    source, target = side([[1, 0], [0, 1]]), side([[3, 4], [1, 0]])
    around = [(0.8 + 0.7) / 2, (0.4 + 0.5) / 2]  # rows average 0.8 and 0.4, columns 0.7 and 0.5
    cosine = alignment(source, target, margin="cosine", k=2)
    assert cosine == pytest.approx([0.6, 0], abs=1e-6)
    distance = alignment(source, target, margin="distance", k=2)
    assert distance == pytest.approx([0.6 - around[0], -around[1]], abs=1e-6)
    ratio = alignment(source, target, margin="ratio", k=2)
    assert ratio == pytest.approx([0.6 / around[0], 0], abs=1e-6)


def test_one_neighbour_of_a_nearest_pair_is_the_pair_itself() -> None:
    source, target = side([[1, 0], [0, 1]]), side([[4, 3], [-3, 4]])
    assert alignment(source, target, k=1) == pytest.approx([1, 1])


@given(sides(), st.integers(1, 9), st.sampled_from(["ratio", "distance", "cosine"]))
def test_margins_are_those_of_all_products_sorted(
    pair: tuple[Side, Side], k: int, margin: Margin
) -> None:
    found = alignment(*pair, margin=margin, k=k)
    np.testing.assert_allclose(found, brute_force(*pair, margin, k), rtol=0, atol=1e-9)


@given(sides(), st.integers(1, 5))
def test_swapping_the_sides_changes_nothing(pair: tuple[Side, Side], k: int) -> None:
    source, target = pair
    there, back = alignment(source, target, k=k), alignment(target, source, k=k)
    np.testing.assert_array_equal(there, back)


@pytest.mark.parametrize(("rows", "columns"), [(7, 64), (64, 7), (1000, 1000)])
def test_margins_do_not_depend_on_the_blocks(
    monkeypatch: pytest.MonkeyPatch, rows: int, columns: int
) -> None:
    source, target = clustered(200)
    expected = alignment(source, target)
    np.testing.assert_allclose(expected, brute_force(source, target, "ratio", 4), atol=1e-9)
    for name, value in {"_ROWS": rows, "_COLUMNS": columns, "_SAMPLE": 16}.items():
        monkeypatch.setattr(exact, name, value)
    monkeypatch.setattr("dataselect.operations.bitext.alignment.margin._NUMBERS_AT_ONCE", rows)
    np.testing.assert_array_equal(alignment(source, target), expected)


def test_vectors_in_half_precision_on_disk_are_as_good(tmp_path: object) -> None:
    source, target = clustered(300)
    expected = alignment(source, target)
    mapped = []
    for number, each in enumerate((source, target)):
        path = f"{tmp_path}/{number}.npy"
        np.save(path, each.vectors.astype(np.float16))
        mapped.append(Side(np.load(path, mmap_mode="r"), each.index))
    np.testing.assert_allclose(alignment(*mapped), expected, atol=2e-3)


def test_a_stock_phrase_is_one_neighbour_however_often_it_occurs() -> None:
    """Were each copy a neighbour, the repeated pair would have only itself around it."""
    vectors = [[1, 0, 0], [0.9, 0.4, 0], [0.8, 0, 0.6], [0, 1, 0], [0, 0, 1]]
    once = alignment(side(vectors), side(vectors))
    often = [0] * 50 + [1, 2, 3, 4]
    repeated = alignment(side(vectors, often), side(vectors, often))
    np.testing.assert_array_equal(repeated, once[often])


@pytest.mark.parametrize("k", [1, 4])
def test_a_single_pair_has_ratio_1(k: int) -> None:
    assert alignment(side([[3, 4]]), side([[1, 0]]), k=k).tolist() == [1.0]
    assert alignment(side([[3, 4]]), side([[1, 0]]), k=k, margin="distance").tolist() == [0.0]


def test_no_pairs_have_no_margins() -> None:
    assert alignment(side(np.empty((0, 3))), side(np.empty((0, 3)))).tolist() == []


def test_a_vector_of_zeros_has_the_lowest_ratio() -> None:
    source = side([[0, 0], [1, 0], [0, 1]])
    target = side([[0, 0], [4, 1], [1, 4]])
    ratios = alignment(source, target)
    assert ratios[0] == 0 < ratios[1:].min()


def test_a_negative_denominator_gives_a_finite_ratio() -> None:
    ratio = alignment(side([[1, 0]]), side([[-1, 0.001]]))
    assert ratio == pytest.approx([-100], abs=0.01)


def test_a_true_pair_beats_a_pair_with_a_hub_of_higher_cosine() -> None:
    """The last target is the hub: as near to every source as to its own.

    By hand: 0.6 / ((0.8 + 0.6 + 0.6) / 8) = 2.4 for a true pair, as its target is near to nothing
    else, and 0.8 / ((0.8 + 4 * 0.8) / 8) = 1.6 for the hub's. Dividing by the neighbours' mean
    distances instead, as OpusFilter 3.3 does, puts the hub first.
    """
    own, shared = np.eye(7)[:6], np.eye(7)[6]
    source, target = side(0.6 * own + 0.8 * shared), side([*own[:5], shared])
    cosine = alignment(source, target, margin="cosine")
    around = cosine - alignment(source, target, margin="distance")
    assert cosine == pytest.approx([0.6] * 5 + [0.8], abs=1e-5)
    assert alignment(source, target) == pytest.approx([2.4] * 5 + [1.6], abs=1e-4)
    assert (cosine / (1 - around)).argmax() == 5


def test_progress_adds_up_to_the_texts_of_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "_ROWS", 30)
    steps: list[int] = []
    alignment(*clustered(200), progress=steps.append)
    assert sum(steps) == 400
    assert len(steps) == 7


def test_neighbours_of_no_number_are_refused() -> None:
    with pytest.raises(OptionError, match="0 neighbours"):
        alignment(*clustered(10), k=0)


def test_exact_search_is_left_to_sets_of_bounded_size() -> None:
    pytest.importorskip("faiss")
    million = 1_000_000
    assert neighbour_search((million, million), 384) is faiss_index.nearest
    assert neighbour_search((million, 10_000), 384) is exact.nearest


def test_approximate_search_without_faiss_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert len(alignment(*clustered(50))) == 50
    monkeypatch.setattr(MOST_EXACT, 0)
    with pytest.raises(OptionError, match="pip install faiss-cpu"):
        alignment(*clustered(50))


class TestApproximateSearch:
    """What an inverted file promises; needs faiss."""

    @pytest.fixture(autouse=True)
    def _faiss(self) -> None:
        pytest.importorskip("faiss")

    @pytest.mark.parametrize("gap", [0, 2], ids=["one space", "languages that lie apart"])
    def test_nearly_all_neighbours_are_found(
        self, monkeypatch: pytest.MonkeyPatch, gap: float
    ) -> None:
        """Lists made for both sides together would find half of them where languages lie apart."""
        monkeypatch.setattr(faiss_index, "_PROBES", 8)
        source, target = clustered(2000)
        apart = unit(target.vectors + gap * np.eye(24)[0])
        arguments = source.vectors, apart, 4, lambda _: None
        for true, found in zip(
            exact.nearest(*arguments), faiss_index.nearest(*arguments), strict=True
        ):
            common = [len(set(one) & set(other)) for one, other in zip(true, found, strict=True)]
            assert np.mean(common) / 4 > 0.95

    def test_all_lists_are_searched_where_some_hold_too_few(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(faiss_index, "_PROBES", 1)
        monkeypatch.setattr(faiss_index, "_TRAINING", 2)
        source, target = clustered(100)
        for places in faiss_index.nearest(source.vectors, target.vectors, 8, lambda _: None):
            assert all(len(set(row)) == 8 for row in places.tolist())
            assert places.min() >= 0

    def test_margins_are_near_the_exact_ones(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pair = clustered(2000)
        exactly = alignment(*pair)
        monkeypatch.setattr(MOST_EXACT, 0)
        assert np.abs(alignment(*pair) - exactly).mean() < 1e-3

    def test_it_is_the_same_from_run_to_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(MOST_EXACT, 0)
        pair = clustered(2000)
        first, second = (alignment(*pair) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    @pytest.mark.parametrize("size", [1, 2, 5, 30])
    def test_it_is_exact_where_all_is_searched(
        self, monkeypatch: pytest.MonkeyPatch, size: int
    ) -> None:
        pair = clustered(size)
        exactly = alignment(*pair)
        monkeypatch.setattr(MOST_EXACT, 0)
        np.testing.assert_array_equal(alignment(*pair), exactly)

    def test_progress_adds_up_to_the_texts_of_both_sides(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(MOST_EXACT, 0)
        steps: list[int] = []
        alignment(*clustered(300), progress=steps.append)
        assert sum(steps) == 600

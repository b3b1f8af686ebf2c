"""Unit vectors: what every encoder's vectors become before they are compared."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from dataselect.models.encoders.base import MOST_DIMENSIONS, unit

STEP = 2.0**-20
VECTORS = arrays.arrays(
    np.float64,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.floats(allow_nan=False, allow_infinity=False),
)


def test_a_unit_vector_by_hand() -> None:
    """0.6 and -0.8 in steps of 2**-20: 629,145.6 and -838,860.8, rounded."""
    np.testing.assert_array_equal(unit(np.array([[3, -4]])) / STEP, [[629_146, -838_861]])


def test_a_row_of_zeros_stays_one() -> None:
    np.testing.assert_array_equal(unit(np.array([[0, 0], [0, 7]])), [[0, 0], [0, 1]])


def test_no_rows_give_no_rows() -> None:
    assert unit(np.empty((0, 3), np.float32)).shape == (0, 3)


@given(VECTORS)
def test_rows_have_length_one_and_keep_their_direction(vectors: NDArray[np.float64]) -> None:
    for row, original in zip(unit(vectors).astype(np.float64), vectors, strict=True):
        largest = np.abs(original).max()
        if largest == 0:
            assert not row.any()
            continue
        scaled = original / largest
        np.testing.assert_allclose(row, scaled / np.linalg.norm(scaled), atol=2 * STEP)


@given(VECTORS, st.sampled_from([np.float32, np.float64]))
def test_a_row_does_not_depend_on_the_others(
    vectors: NDArray[np.float64], kind: type[np.floating]
) -> None:
    with np.errstate(over="ignore", under="ignore"):
        rows = np.nan_to_num(vectors.astype(kind))
    together = unit(np.repeat(rows, 200, axis=0))  # more than are worked on at once
    np.testing.assert_array_equal(together[::200], np.vstack([unit(row[None]) for row in rows]))


def test_products_of_unit_vectors_are_exact() -> None:
    """In the most dimensions there can be, any order of adding gives the exact sum."""
    vectors = unit(np.random.default_rng(0).normal(size=(2, MOST_DIMENSIONS))).astype(np.float64)
    products = vectors[0] * vectors[1]
    exact = math.fsum(products.tolist())
    assert [vectors[0] @ vectors[1], products[::-1].sum(), sum(np.sort(products))] == [exact] * 3


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e300])
def test_extreme_lengths_are_no_trouble(scale: float) -> None:
    np.testing.assert_array_equal(unit(np.array([[scale, 0.0]])), [[1, 0]])


FIT_BOTH = """
from random import Random

from dataselect.models.encoders.lexical import Lexical
from dataselect.models.encoders.ppmi.ppmi_vectors import PpmiVectors

rng = Random(0)
words = ["".join(rng.choices("aeioulmnrst", k=rng.randint(2, 7))) for _ in range(600)]
places = [[min(int(rng.expovariate(0.01)), 599) for _ in range(7)] for _ in range(3_000)]
texts = [" ".join(words[place] for place in text) for text in places]
print(Lexical.fit(texts).digest, PpmiVectors.fit(texts).digest)
"""


def test_encoders_learn_the_same_on_other_processors() -> None:
    """OpenBLAS rounds by the instructions that it has, which this variable takes from it."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", FIT_BOTH],
            env={**os.environ, "OPENBLAS_CORETYPE": processor},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for processor in ("Prescott", "Haswell")
    }
    assert len(digests) == 1, digests

"""Vectors made elsewhere: which rows they give, and what is refused."""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.errors import InputError
from dataselect.models.encoders.base import MOST_DIMENSIONS, unit
from dataselect.models.encoders.precomputed import Precomputed

ROWS = np.random.default_rng(0).normal(size=(7, 4))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("vectors") / "v.npy"
    np.save(path, ROWS)
    return str(path)


@given(st.lists(st.integers(0, 6), max_size=9))
def test_a_position_gives_its_row(path: str, positions: list[int]) -> None:
    expected = ROWS.astype(np.float32)[positions]
    found = Precomputed(path)
    np.testing.assert_array_equal(found.encode(positions), expected)
    np.testing.assert_array_equal(found.encode(positions, unit=True), unit(expected))


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_floats_of_any_size_and_order_become_single(tmp_path: Path, kind: str, order: str) -> None:
    rows = np.array([[1.5, -2, 0], [0.25, 4, 8]], dtype=kind, order="F" if order == "F" else "C")
    np.save(tmp_path / "v.npy", rows)
    found = Precomputed(str(tmp_path / "v.npy"))
    assert found.dimension == 3
    assert found.encode([0]).dtype == np.float32
    assert found.encode([1, 0]).tolist() == [[0.25, 4, 8], [1.5, -2, 0]]


def test_a_file_without_rows_gives_none(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.empty((0, 3)))
    assert Precomputed(str(tmp_path / "v.npy")).encode([]).shape == (0, 3)


def test_only_the_path_is_pickled(path: str) -> None:
    pickled = pickle.dumps(Precomputed(path))
    assert len(pickled) < 500
    np.testing.assert_array_equal(pickle.loads(pickled).encode([3]), ROWS[[3]].astype(np.float32))


def test_a_report_tells_the_digest_of_the_file(path: str) -> None:
    assert Precomputed(path).describe() == {
        "kind": "precomputed",
        "path": path,
        "rows": 7,
        "dimension": 4,
        "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
    }


@pytest.mark.parametrize("records", [0, 6, 8, 1_000_000])
def test_another_number_of_records_is_refused(path: str, records: int) -> None:
    found = Precomputed(path)
    found.check_count(7)
    with pytest.raises(InputError) as refusal:
        found.check_count(records)
    assert str(refusal.value) == (
        f"{path}: 7 rows for {records:,} records of the input; give one row a record, "
        "blank lines not counted"
    )


def test_a_position_beyond_the_end_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="7 rows for more records of the input; give one row"):
        Precomputed(path).encode([0, 7, 2])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300], ids=str)
def test_a_row_that_is_not_finite_is_refused_where_it_is_used(tmp_path: Path, value: float) -> None:
    rows = ROWS.copy()
    rows[[3, 5], 1] = value
    np.save(tmp_path / "v.npy", rows)
    found = Precomputed(str(tmp_path / "v.npy"))
    assert found.encode([0, 1, 2, 4, 6]).shape == (5, 4)
    with pytest.raises(InputError, match=r"v\.npy: row 3, counted from 0, is not finite; make"):
        found.encode([0, 5, 3])


def _save(path: Path, values: object) -> None:
    np.save(path, np.asarray(values), allow_pickle=True)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1, 2], [3, 4]], "type int64, not a matrix of floats"),
        ([1.5, 2.5], r"shape \(2,\) and type float64, not a matrix"),
        (1.5, r"shape \(\) and"),
        (np.ones((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (np.ones((3, 0)), r"shape \(3, 0\)"),
        (np.ones((2, 2), complex), "type complex128"),
        ([["a", "b"]], "type <U1"),
        (np.array([[{}]], object), r"cannot be read as \.npy \(.*objects.*\)"),
    ],
    ids=["integers", "one row", "one number", "a cube", "no columns", "complex", "text", "objects"],
)
def test_what_is_no_matrix_of_floats_is_refused(tmp_path: Path, values: object, words: str) -> None:
    _save(tmp_path / "v.npy", values)
    with pytest.raises(InputError, match=rf"v\.npy: .*{words}.*; write one with numpy\.save"):
        Precomputed(str(tmp_path / "v.npy"))


_SHAPED = "{{'descr': '<f4', 'fortran_order': False, 'shape': ({})}}"


def _with_header(header: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(99)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a .npy file"),
        (b"PK\3\4 and so on", "not a .npy file"),
        (b"\x93NUMPY\x01\x00", "cannot be read as .npy"),
        (b"\x93NUMPY\x09\x00" + bytes(200), "cannot be read as .npy"),
        (_with_header("{'descr': '<f4', (}"), "cannot be read as .npy"),
        (_with_header(_SHAPED.format("-2, 2")), "cannot be read as .npy"),
        (_with_header(_SHAPED.format("9" * 30 + ", 2")), "cannot be read as .npy"),
    ],
    ids=[
        *("nothing", "a zip", "half a header", "another version"),
        *("an open bracket", "a negative number of rows", "more rows than can be counted"),
    ],
)
def test_what_is_no_npy_file_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "v.npy").write_bytes(content)
    with pytest.raises(InputError) as refusal:
        Precomputed(str(tmp_path / "v.npy"))
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_more_dimensions_than_add_up_exactly_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.ones((1, MOST_DIMENSIONS + 1), np.float32))
    with pytest.raises(InputError, match=r"v\.npy: vectors of 8,193 dimensions, more than 8,192"):
        Precomputed(str(tmp_path / "v.npy"))


def test_a_file_that_was_cut_short_is_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "v.npy").write_bytes(Path(path).read_bytes()[:-1])
    with pytest.raises(InputError, match=r"cannot be read as \.npy"):
        Precomputed(str(tmp_path / "v.npy"))


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a plain file"):
        Precomputed(str(tmp_path))
    with pytest.raises(InputError, match=r"nope\.npy: No such file"):
        Precomputed(str(tmp_path / "nope.npy"))

"""Saved models: the same bytes every time, and one line for whatever else a file may be."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataselect.errors import InputError
from dataselect.models import archive
from dataselect.models.archive import ArchiveFormat

PARROT = ArchiveFormat("parrot", 3)
ABOUT = {"word": "hello", "times": [1, 2.5]}
ARRAYS: dict[str, NDArray[Any]] = {"loud": np.arange(6.0).reshape(2, 3), "few": np.arange(2)}


def restored(path: Path, data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    path.write_bytes(data)
    return archive.load(str(path), PARROT, lambda about, arrays: (about, arrays))


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    about, arrays = restored(tmp_path / "model", archive.dumps(PARROT, ABOUT, ARRAYS))
    assert about == {"format": "dataselect parrot 3", **ABOUT}
    assert arrays.keys() == ARRAYS.keys()
    for name, values in arrays.items():
        np.testing.assert_array_equal(values, ARRAYS[name], strict=True)


def test_the_same_model_is_the_same_bytes_on_any_day() -> None:
    data = archive.dumps(PARROT, ABOUT, ARRAYS)
    assert data == archive.dumps(PARROT, ABOUT, ARRAYS)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert [member.filename for member in opened.infolist()] == [
            "model.json",
            "loud.npy",
            "few.npy",
        ]
        assert {member.date_time for member in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_arrays_of_objects_are_never_saved() -> None:
    with pytest.raises(ValueError, match="pickle"):
        archive.dumps(PARROT, ABOUT, {"words": np.array([{}], dtype=object)})


def refusal(path: Path, data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        restored(path, data)
    return str(caught.value)


def members(**contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, data in contents.items():
            zipped.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


def array_of(header: str) -> bytes:
    """The bytes of an array file that has only a head."""
    padded = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode()


HEAD = json.dumps({"format": "dataselect parrot 3"}).encode()
UNFIT = {
    "empty": b"",
    "text": b"hello",
    "a zip without the JSON file": members(hello=b"x"),
    "a list": members(model__json=b"[]"),
    "without a format": members(model__json=b"{}"),
    "of another kind": archive.dumps(ArchiveFormat("cage", 3), ABOUT, ARRAYS),
    "of another version": archive.dumps(ArchiveFormat("parrot", 4), ABOUT, ARRAYS),
    "nested too deep": members(model__json=b"[" * 100_000),
    "with an array that is none": members(model__json=HEAD, x__npy=b"hello"),
    "with an array whose head has no end": members(
        model__json=HEAD, x__npy=array_of("{'descr': '<f8', (")
    ),
    "compressed in another way than it says": members(model__json=HEAD).replace(
        b"\x14\0\0\0\0\0", b"\x14\0\0\0\x0c\0"
    ),
    "with an array of objects": members(
        model__json=HEAD,
        x__npy=array_of("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}") + b"N.",
    ),
    "with an array that claims to be huge": members(
        model__json=HEAD,
        x__npy=array_of("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,)}"),
    ),
}


@pytest.mark.parametrize("data", UNFIT.values(), ids=UNFIT.keys())
def test_a_file_is_refused_that_is(tmp_path: Path, data: bytes) -> None:
    message = refusal(tmp_path / "model", data)
    assert message.startswith(f"{tmp_path / 'model'}: not a parrot model (")
    assert message.endswith("); make one with save_model")
    assert "\n" not in message


def test_what_the_model_itself_refuses_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(archive.dumps(PARROT, ABOUT, ARRAYS))

    def refuse(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        raise ValueError("its feathers make no sense\nat all")

    with pytest.raises(InputError, match=r"model \(its feathers make no sense\); make one"):
        archive.load(str(path), PARROT, refuse)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none: No such file.*; make a model with save_model"):
        archive.load(str(tmp_path / "none"), PARROT, lambda *_: None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_never_escapes_as_another_error(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(archive.dumps(PARROT, ABOUT, ARRAYS))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        restored(tmp_path / "model", bytes(whole))
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017  # damage where nobody looks is no error

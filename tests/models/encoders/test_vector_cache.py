"""The cache of vectors: what it gives back, who may share it, and what goes wrong."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Shell
from hypothesis import given
from hypothesis import strategies as st

from dataselect.errors import InputError, OutputError
from dataselect.models.encoders.vector_cache import VectorCache

MODEL = "0123456789abcdef"
FILE = f"{MODEL}.sqlite"


def vectors_of(texts: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = [[len(text), len(set(text)), 1 / 3] for text in texts]
    return np.array(rows, np.float32).reshape(-1, 3)


@pytest.fixture
def cache(tmp_path: Path) -> VectorCache:
    return VectorCache(str(tmp_path / "new" / "cache"), MODEL, 3)


@pytest.fixture(scope="module")
def filling(tmp_path_factory: pytest.TempPathFactory) -> VectorCache:
    return VectorCache(str(tmp_path_factory.mktemp("cache")), MODEL, 3)


@given(st.lists(st.text(), unique=True), st.lists(st.text()))
def test_what_was_added_is_found_exactly(
    filling: VectorCache, added: list[str], others: list[str]
) -> None:
    filling.add(added, vectors_of(added))
    found, known = filling.find([*added, *others])
    assert known[: len(added)].all()
    np.testing.assert_array_equal(found[: len(added)], vectors_of(added))
    np.testing.assert_array_equal(found[known], vectors_of([*added, *others])[known])
    assert not found[~known].any()


def test_many_texts_are_looked_up_at_once(cache: VectorCache) -> None:
    texts = [str(number) for number in range(3000)]
    cache.add(texts[::2], vectors_of(texts[::2]))
    found, known = cache.find(texts)
    assert known.tolist() == [True, False] * 1500
    np.testing.assert_array_equal(found[::2], vectors_of(texts[::2]))


def test_half_a_surrogate_pair_is_a_text_like_any_other(cache: VectorCache) -> None:
    texts = ["\ud800", "\udfff", "?"]
    cache.add(texts, vectors_of(texts) + np.arange(3, dtype=np.float32)[:, None])
    assert cache.find(texts)[0][:, 0].tolist() == [1, 2, 3]


def test_a_vector_that_is_added_again_replaces_the_first(cache: VectorCache) -> None:
    cache.add(["now"], np.zeros((1, 3), np.float32))
    cache.add(["now"], vectors_of(["now"]))
    np.testing.assert_array_equal(cache.find(["now"])[0], vectors_of(["now"]))


def test_nothing_is_kept_of_texts_that_could_not_all_be_added(cache: VectorCache) -> None:
    with pytest.raises(ValueError, match="zip"):
        cache.add(["now", "then"], vectors_of(["now"]))
    assert not cache.find(["now"])[1].any()


def test_each_model_has_its_own_vectors(tmp_path: Path) -> None:
    first, second = (VectorCache(str(tmp_path), model, 3) for model in ("a", "b"))
    first.add(["now"], vectors_of(["now"]))
    assert not second.find(["now"])[1].any()


FILL = f"""
import sys, numpy as np
from dataselect.models.encoders.vector_cache import VectorCache
cache = VectorCache("cache", "{MODEL}", 3)
for first in range(0, 400, 20):
    texts = [str(number) for number in range(first, first + 20)]
    cache.add(texts, np.full((20, 3), 7, np.float32))
    assert cache.find(texts)[1].all()
"""


def test_processes_share_a_cache(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", FILL], cwd=tmp_path, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for writer in writers:
        _, err = writer.communicate(timeout=100)
        assert (writer.returncode, err) == (0, b"")
    found, known = VectorCache(str(tmp_path / "cache"), MODEL, 3).find(
        [str(number) for number in range(401)]
    )
    assert (known.sum(), found.sum()) == (400, 400 * 3 * 7)


def test_a_disk_that_is_full_is_told(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "fill.py").write_text(FILL)
    done = shell(f"ulimit -f 16; {sys.executable} fill.py")
    assert done.code == 1
    last = done.err.splitlines()[-1]
    assert last.startswith(f"dataselect.errors.OutputError: cache/{FILE}: "), done.err
    assert last.endswith("; make room, or give cache another folder")


def text(path: Path) -> None:
    path.write_text("no database, but long enough to be taken for one\n" * 100)


def other_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE vectors (text TEXT, vector TEXT)")
    connection.close()


def other_dimension(path: Path) -> None:
    VectorCache(str(path.parent), MODEL, 2).add(["now"], np.zeros((1, 2), np.float32))


def overwritten(path: Path) -> None:
    texts = [str(number) for number in range(2000)]
    VectorCache(str(path.parent), MODEL, 3).add(texts, vectors_of(texts))
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))


@pytest.mark.parametrize("fault", [text, other_program, other_dimension, overwritten])
def test_a_file_that_is_no_sound_cache_is_refused(
    tmp_path: Path, fault: Callable[[Path], None]
) -> None:
    fault(tmp_path / FILE)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(InputError) as refusal:
        VectorCache(str(tmp_path), MODEL, 3).find(["now"])
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path / FILE}: not a cache of vectors (")
    assert message.endswith("); delete it, or give cache another folder")
    assert (tmp_path / FILE).read_bytes() == before


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file: File exists; name a folder with cache"):
        VectorCache(str(tmp_path / "file"), MODEL, 3)


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(OutputError, match="unable to open database file; make room"):
        VectorCache(str(tmp_path), MODEL, 3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="another folder"):
        VectorCache(str(tmp_path), MODEL, 3)

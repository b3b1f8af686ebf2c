"""Files here and behind URLs: whole or not there, told apart by identity, errors in one line."""

import errno
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import Inside

from dataselect.data import storage
from dataselect.data.files.temporary_files import create_beside
from dataselect.errors import DataselectError, OptionError, OutputError, ReadError

fsspec = pytest.importorskip("fsspec")

from fsspec.implementations.memory import MemoryFile, MemoryFileSystem  # noqa: E402
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem  # noqa: E402

LINES = b'{"x":1}\n{"x":2}\n'
BROKEN_STORE: dict[str, Exception] = {
    "a full disk": OSError(errno.ENOSPC, "No space left on device"),
    "a connection that breaks": BrokenPipeError(errno.EPIPE, "Broken pipe"),
    "an error of several lines": RuntimeError("gone\n  at the wrong time"),
    "a time-out without words": TimeoutError(),
}


class StoreFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """What s3fs does: parts go up while they are written, and show when the upload is complete."""

    DEFAULT_BLOCK_SIZE = 8

    def _initiate_upload(self) -> None:
        self.parts = b""

    def _upload_chunk(self, final: bool = False) -> bool:
        self.parts += self.buffer.getvalue()
        if self.fs.failure is not None and len(self.parts) > self.fs.room:
            raise self.fs.failure
        if final:
            self.fs.store[self.path] = self.parts
        return True

    def _fetch_range(self, start: int, end: int) -> bytes:
        if self.fs.failure is not None and end > self.fs.room:
            raise self.fs.failure
        return bytes(self.fs.store[self.path][start:end])

    def discard(self) -> None:
        self.fs.discarded.append(self.path)


class Store(AbstractFileSystem):  # type: ignore[misc]  # as above
    """An object store without folders, which fails beyond `room` bytes where it has a `failure`."""

    protocol = ("s3", "s3a")
    cachable = False
    store: ClassVar[dict[str, bytes]] = {}
    discarded: ClassVar[list[str]] = []
    failure: ClassVar[Exception | None] = None
    room = 20

    def _open(self, path: str, mode: str = "rb", **_: Any) -> StoreFile:
        return StoreFile(self, path, mode)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        below = {
            name: {"name": name, "size": len(data), "type": "file", "ETag": f'"{hash(data)}"'}
            for name, data in self.store.items()
            if name == path or name.startswith(f"{path}/")
        }
        if not below:
            raise FileNotFoundError(path)
        return list(below.values() if detail else below)

    def rm_file(self, path: str) -> None:
        self.store.pop(path, None)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        raise AssertionError("that makes a bucket")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> type[Store]:
    """An empty object store behind `s3://`."""
    monkeypatch.setattr(Store, "store", {})
    monkeypatch.setattr(Store, "discarded", [])
    monkeypatch.setitem(sys.modules["fsspec.registry"]._registry, "s3", Store)
    return Store


@pytest.fixture(params=["here", "memory", "store"])
def folder(
    request: pytest.FixtureRequest, tmp_path: Path, store: type[Store], clean_memory: None
) -> str:
    """A folder that may not be there yet, on each kind of file system."""
    places = {"here": f"{tmp_path}/out", "memory": "memory://out", "store": "s3://bucket/out"}
    return places[request.param]


@pytest.fixture
def clean_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing behind `memory://`."""
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    monkeypatch.setattr(MemoryFileSystem, "pseudo_dirs", [""])


def write(path: str, data: bytes = LINES) -> None:
    with storage.writing(path) as sink:
        sink.write(data)


def write_until_it_fails(path: str) -> None:
    with storage.writing(path) as sink:
        sink.write(LINES * 10)
        raise ReadError("the shard cannot be read")


def refusal(kind: type[DataselectError], act: Callable[[], object]) -> str:
    """The one line with which something is refused."""
    with pytest.raises(kind) as caught:
        act()
    message = str(caught.value)
    assert "\n" not in message
    return message


# -- Files that are whole ------------------------------------------------------------------------


def test_a_file_appears_when_it_is_whole_and_its_folders_with_it(folder: str) -> None:
    path = storage.join(folder, "a/b c#=@ü.jsonl")
    with storage.writing(path) as sink:
        sink.write(LINES)
        assert not storage.exists(path)
    assert storage.read_bytes(path) == LINES
    assert list(storage.files_below(folder)) == ["a/b c#=@ü.jsonl"]


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_the_bytes_are_those_that_a_local_run_writes(
    folder: str, suffix: str, tmp_path: Path, inside: Inside
) -> None:
    (tmp_path / "pool.jsonl").write_bytes(LINES)
    inside("select", "--by", "x", "-q", "-o", f"own{suffix}", "pool.jsonl").silent()
    write(storage.join(folder, f"out{suffix}"))
    own = (tmp_path / f"own{suffix}").read_bytes()
    assert storage.read_bytes(storage.join(folder, f"out{suffix}")) == own


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_an_error_leaves_an_older_file_as_it_was_and_nothing_else(folder: str, suffix: str) -> None:
    path = storage.join(folder, f"x{suffix}")
    write(path, b"older\n")
    before = storage.read_bytes(path)
    refusal(ReadError, lambda: write_until_it_fails(path))
    gc.collect()  # fsspec commits what it finds unclosed
    assert storage.read_bytes(path) == before
    assert list(storage.files_below(folder)) == [f"x{suffix}"]


def test_a_new_file_takes_the_place_of_an_older_one(folder: str) -> None:
    path = storage.join(folder, "x")
    write(path, b"older and longer than the new one, which ends sooner\n")
    write(path)
    assert storage.read_bytes(path) == LINES
    assert list(storage.files_below(folder)) == ["x"]


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("name", BROKEN_STORE)
@pytest.mark.parametrize("bytes_", [21, 1000], ids=["at the end", "on the way"])
def test_an_upload_that_fails_is_thrown_away(
    store: type[Store], monkeypatch: pytest.MonkeyPatch, suffix: str, name: str, bytes_: int
) -> None:
    path = f"s3://bucket/x{suffix}"
    write(path, b"older\n")
    before = dict(store.store)
    monkeypatch.setattr(store, "failure", BROKEN_STORE[name])
    message = refusal(OutputError, lambda: write(path, os.urandom(bytes_)))
    assert message.startswith(f"{path}: ")
    gc.collect()
    assert store.store == before
    assert store.discarded == [f"bucket/x{suffix}"]


@pytest.mark.parametrize("name", BROKEN_STORE)
def test_a_file_system_that_fails_keeps_no_temporary_file(
    clean_memory: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write("memory://out/x", b"older\n")

    def fail(self: MemoryFile, data: bytes) -> int:
        raise BROKEN_STORE[name]

    with monkeypatch.context() as broken:
        broken.setattr(MemoryFile, "write", fail)
        message = refusal(OutputError, lambda: write("memory://out/x"))
    assert message.startswith("memory://out/x: ")
    assert storage.read_bytes("memory://out/x") == b"older\n"
    assert list(storage.files_below("memory://out")) == ["x"]


def test_a_full_disk_here_is_told_with_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "write", fail)
        message = refusal(OutputError, lambda: write(f"{tmp_path}/x.jsonl"))
    assert (
        message == f"{tmp_path}/x.jsonl: No space left on device; make room, or choose another disk"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = refusal(OutputError, lambda: write(f"{tmp_path}/file/a/x"))
    assert message.startswith(f"{tmp_path}/file/a: Not a directory; ")


# -- What is there -------------------------------------------------------------------------------


def test_identity_changes_with_the_content_alone(folder: str) -> None:
    path = storage.join(folder, "x")
    write(path)
    first = storage.status(path)
    assert first.size == len(LINES)
    assert storage.status(path) == storage.files_below(folder)["x"] == first
    write(path, LINES[::-1])
    again = storage.status(path)
    assert again.size == first.size
    assert again.identity != first.identity


def test_files_folders_and_what_is_missing_are_told_apart(folder: str) -> None:
    write(storage.join(folder, "a/x"))
    found = {
        name: (
            storage.exists(storage.join(folder, name)),
            storage.is_folder(storage.join(folder, name)),
        )
        for name in ("a", "a/x", "nothing")
    }
    assert found == {"a": (True, True), "a/x": (True, False), "nothing": (False, False)}


def test_what_is_removed_is_gone_and_need_not_have_been_there(folder: str) -> None:
    for name in ("x", "a/x", "a/b/x", "c/x"):
        write(storage.join(folder, name))
    storage.remove(storage.join(folder, "x"))
    storage.remove(storage.join(folder, "x"))
    storage.remove_folder(storage.join(folder, "a"))
    storage.remove_folder(storage.join(folder, "a"))
    assert list(storage.files_below(folder)) == ["c/x"]


def test_a_file_that_is_missing_is_told_as_elsewhere(folder: str) -> None:
    path = storage.join(folder, "x")
    write(storage.join(folder, "y"))
    for act in (storage.read_bytes, storage.status):
        message = refusal(ReadError, lambda act=act: act(path))  # type: ignore[misc]
        assert message == f"{path}: No such file or directory; check the name"


def test_a_folder_is_no_file(folder: str) -> None:
    write(storage.join(folder, "a/x"))
    message = refusal(ReadError, lambda: storage.status(storage.join(folder, "a")))
    assert f"{folder}/a: Is a directory; name a file" in message


@pytest.mark.parametrize("name", BROKEN_STORE)
def test_reading_that_fails_is_told_in_one_line(
    store: type[Store], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write("s3://bucket/x", LINES * 10)
    monkeypatch.setattr(store, "failure", BROKEN_STORE[name])
    message = refusal(ReadError, lambda: storage.read_bytes("s3://bucket/x"))
    assert message.startswith("s3://bucket/x: ")
    assert message.endswith("; check the file")


def test_whether_a_file_exists_is_not_guessed(
    store: type[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Store, path: str, **_: Any) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(store, "ls", fail)
    message = refusal(ReadError, lambda: storage.exists("s3://bucket/x"))
    assert message == "s3://bucket/x: Access Denied; check the file"


@pytest.mark.parametrize("name", ["x.jsonl", "", "x" * 200, "a\nb", ".hidden"])
def test_temporary_files_of_a_killed_task_are_found(folder: str, name: str) -> None:
    left, _ = create_beside(storage.join(folder, f"a/{name}"), write)
    for other in ("a/x.jsonl", ".hidden", "b.tmp", ".x.1234567890ab.tmp2"):
        write(storage.join(folder, other))
    assert storage.leftovers(folder) == [left]


def test_a_file_that_gets_its_name_while_a_folder_is_listed_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").touch()
    monkeypatch.setattr(storage, "_names_below", lambda _: iter(["x", ".x.123456789abc.tmp"]))
    assert list(storage.files_below(str(tmp_path))) == ["x"]


def test_a_link_to_nothing_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("nowhere")
    message = refusal(ReadError, lambda: storage.files_below(str(tmp_path)))
    assert message == f"{tmp_path}/x: No such file or directory; check the name"


# -- URLs ----------------------------------------------------------------------------------------


def test_a_pattern_in_a_url_is_never_written_or_removed(clean_memory: None) -> None:
    write("memory://out1/x")
    for act in (write, storage.make_folder, storage.remove, storage.remove_folder):
        message = refusal(OptionError, lambda act=act: act("memory://out[1]/x"))  # type: ignore[misc]
        assert message.startswith("memory://out[1]/x: '*', '?' and '[' make a pattern of a URL")
    assert list(storage.files_below("memory://out1")) == ["x"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nope://a/b", "Protocol not known: nope"),
        ("s3://bucket/x", "Install s3fs"),
    ],
    ids=["unknown", "without its package"],
)
def test_a_scheme_that_cannot_be_read_is_refused(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    assert words in refusal(OptionError, lambda: storage.read_bytes(url))


def test_a_url_without_fsspec_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    message = refusal(OptionError, lambda: storage.status("s3://bucket/x"))
    assert message == "s3://bucket/x: a URL needs fsspec; pip install fsspec"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("file:///data/x", "/data/x"),
        ("local:///data/x", "/data/x"),
        ("s3://file://x", "s3://file://x"),
        ("a/file://x", "a/file://x"),
    ],
)
def test_urls_of_this_machine_are_plain_paths(path: str, expected: str) -> None:
    assert storage.plain(path) == expected


def test_a_url_without_an_engine_is_refused_by_name(inside: Inside) -> None:
    words = "s3://bucket/a.jsonl: URLs are read with --engine ray; copy the file here"
    inside("select", "--by", "x", "s3://bucket/a.jsonl").refused(1, words)

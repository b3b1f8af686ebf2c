"""What tasks need on other machines: a pickled object, with the files that it reads."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple, Protocol

from dataselect.data.files.raw_files import file_digest, open_raw, reason, unreadable
from dataselect.data.files.temporary_files import create_beside, remove
from dataselect.errors import InputError, OutputError, WorkerError

_PROTOCOL = 5
_SHORT = 16  # digits of a digest that name a folder


class Handle(Protocol):
    """Bytes that are kept where every machine can get them."""

    def get(self) -> bytes:
        """The bytes."""


class File(NamedTuple):
    """A file or folder that an object reads: where the driver has it, and its content.

    Without `content` it is to be found there.
    """

    path: str
    identity: str
    digest: str
    content: Handle | None


@dataclass(frozen=True)
class Shipment:
    """An object and its files; `digest`, of the content of both, is the same wherever they are."""

    digest: str
    pickled: Handle
    files: tuple[File, ...]

    def open(self) -> Any:
        """The object, unpacked once a process. Its files are used in place where they are here."""
        if self.digest not in _opened:
            _opened.clear()
            _opened[self.digest] = _Unpickler(self.pickled.get(), self.files).load()
        return _opened[self.digest]


_opened: dict[str, Any] = {}


def pack(
    thing: Any,
    keep: Callable[[bytes], Handle],
    *,
    with_files: bool,
    kept: dict[str, File] | None = None,
) -> Shipment:
    """Pack an object. `keep` puts bytes where every machine can get them.

    Classes whose objects read files say by `ships_file` which attribute is the path of one;
    those go along `with_files`, and count in the digest in any case. `kept`: files of other
    shipments by their digests, which are not kept again; grows.
    """
    kept = {} if kept is None else kept
    packer = _Pickler(thing)
    pickled = packer.buffer.getvalue()
    for digest, path in packer.paths.items():
        if digest not in kept:
            content = keep(_content(path)) if with_files else None
            kept[digest] = File(path, _identity(path), digest, content)
    files = tuple(kept[digest] for digest in packer.paths)
    return Shipment(hashlib.sha256(pickled).hexdigest(), keep(pickled), files)


def digest_of(thing: Any) -> str:
    """SHA-256, in hexadecimal, of an object and the files that it reads."""
    return hashlib.sha256(_Pickler(thing).buffer.getvalue()).hexdigest()


@dataclass(frozen=True)
class _Content:
    """Stands for the path of a file, while that is not known."""

    digest: str


class _Pickler(pickle.Pickler):
    """Pickles a thing into `buffer`; `paths` are those of files that it reads, by their digests."""

    def __init__(self, thing: Any) -> None:
        self.buffer = io.BytesIO()
        self.paths: dict[str, str] = {}
        super().__init__(self.buffer, protocol=_PROTOCOL)
        self.dump(thing)

    def reducer_override(self, obj: Any) -> Any:
        attribute = getattr(type(obj), "ships_file", None)
        if attribute is None or isinstance(obj, type):
            return NotImplemented
        has_own = "__getstate__" in vars(type(obj))  # as every object has from Python 3.11 on
        state = dict(obj.__getstate__() if has_own else vars(obj))
        if os.path.exists(state[attribute]):
            path = os.path.abspath(state[attribute])
            digest = _digest(path, _identity(path))
            self.paths.setdefault(digest, path)
            state[attribute] = _Content(digest)
        return _restored, (type(obj), state)

    def persistent_id(self, obj: Any) -> str | None:
        return obj.digest if isinstance(obj, _Content) else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, pickled: bytes, files: tuple[File, ...]) -> None:
        super().__init__(io.BytesIO(pickled))
        self._files = {file.digest: file for file in files}

    def persistent_load(self, pid: Any) -> str:
        return _here(self._files[pid])


def _restored(kind: type, state: dict[str, Any]) -> Any:
    thing: Any = object.__new__(kind)
    vars(thing).update(state)
    return thing


def _names(path: str) -> list[str]:
    """The files of a path, relative to its folder: itself, or all below it."""
    base = os.path.dirname(path)
    if not os.path.isdir(path):
        return [os.path.relpath(path, base)]
    found = (
        os.path.relpath(os.path.join(folder, name), base)
        for folder, _, names in os.walk(path, followlinks=True)
        for name in names
    )
    return sorted(found)


def _identity(path: str) -> str:
    """What changes when a file does, or one in a folder. Raises InputError where one is missing."""
    states = []
    for name in _names(path):
        file = os.path.join(os.path.dirname(path), name)
        try:
            states.append(os.stat(file))
        except OSError as error:
            raise unreadable(file, error) from None
    return " ".join(f"{own.st_dev}:{own.st_ino}:{own.st_size}:{own.st_mtime_ns}" for own in states)


@lru_cache
def _digest(path: str, identity: str) -> str:
    """SHA-256 of names and contents, in hexadecimal; read again where the identity is another."""
    found, base = hashlib.sha256(), os.path.dirname(path)
    for name in _names(path):
        found.update(f"{name}\n{file_digest(os.path.join(base, name))}\n".encode())
    return found.hexdigest()


def _content(path: str) -> bytes:
    """Names and contents."""
    found, base = {}, os.path.dirname(path)
    for name in _names(path):
        with open_raw(os.path.join(base, name)) as file:
            found[name] = file.read()
    return pickle.dumps(found)


def _here(file: File) -> str:
    """Where this machine has a file: where the driver has it, or in a folder of temporary ones.

    There it stays for the other processes of the machine, and for later runs.
    """
    with suppress(InputError):
        if _identity(file.path) == file.identity:
            return file.path
    name = f"dataselect-{os.getuid()}-{file.digest[:_SHORT]}"
    folder = os.path.join(tempfile.gettempdir(), name)
    if not _is_ours(folder):
        temporary, _ = create_beside(folder, partial(os.mkdir, mode=0o700))
        _unpack(file, temporary)
        with suppress(OSError):  # another process was faster
            os.rename(temporary, folder)
        remove(temporary)
    return os.path.join(folder, os.path.basename(file.path))


def _is_ours(folder: str) -> bool:
    """Whether there is a folder that this user made. Raises OutputError for one of another's."""
    try:
        owner = os.stat(folder, follow_symlinks=False).st_uid
    except FileNotFoundError:
        return False
    if owner != os.getuid():
        raise OutputError(f"{folder}: belongs to another user; set TMPDIR to a folder of your own")
    return True


def _unpack(file: File, folder: str) -> None:
    if file.content is None:
        raise WorkerError(f"{file.path}: changed while it was used; run again")
    try:
        for name, data in pickle.loads(file.content.get()).items():  # noqa: S301  from our driver
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as written:
                written.write(data)
    except OSError as error:
        remove(folder)
        raise OutputError(
            f"{folder}: {reason(error)} while unpacking {file.path}; set TMPDIR to a larger disk"
        ) from None

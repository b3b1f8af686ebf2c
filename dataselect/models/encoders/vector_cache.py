"""Vectors kept on disk, so that a neural model encodes a text once."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dataselect.content_keys import content_key
from dataselect.data.files.raw_files import reason
from dataselect.errors import InputError, OutputError

_APPLICATION = 0x64734356  # "dsCV", in the header of files that are ours
_PATIENCE = 60.0  # seconds to wait for another process
_AT_ONCE = 500  # keys in one query; SQLite before 3.32 takes no more than 999
_PAGE_BYTES = 16384  # vectors of 384 numbers are written half again as fast as in pages of 4096
_KEY_BYTES = 16
_STORED = np.dtype("<f4")


class VectorCache:
    """Vectors of one model by text, in an SQLite file of their own; processes may share it.

    Vectors are kept as the model gave them. One that is found may differ from one made anew by
    about 1e-7, since a model's sums depend on the batch in which a text was encoded.
    """

    def __init__(self, directory: str, model: str, dimension: int) -> None:
        """`model`: its digest. Raises OutputError, or InputError for a file that is not ours."""
        self.path = os.path.join(directory, f"{model}.sqlite")
        self.dimension = dimension
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{directory}: {reason(error)}; name a folder with --cache") from None
        self._prepare()

    def find(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(n, dimension) vectors, zero where there is none, and (n,) whether there is one."""
        keys = list(map(_key, texts))
        stored: dict[bytes, bytes] = {}
        with self._open() as connection:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT text, vector FROM vectors WHERE text IN ({marks})"  # noqa: S608  # marks only
                stored.update(connection.execute(query, some))
        if set(map(len, stored.values())) - {self.dimension * _STORED.itemsize}:
            raise self._corrupt("vectors of another size")
        known = np.array([key in stored for key in keys], np.bool_)
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        found = b"".join([stored[key] for key in keys if key in stored])
        vectors[known] = np.frombuffer(found, _STORED).reshape(-1, self.dimension)
        return vectors, known

    def add(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keep the (n, dimension) vectors of texts; all of them or, on an error, none."""
        rows = [row.tobytes() for row in vectors.astype(_STORED, copy=False)]
        with self._open() as connection, _transaction(connection):
            connection.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                zip(map(_key, texts), rows, strict=True),
            )

    def _prepare(self) -> None:
        """Make the table, unless another process has. Refuse a file that is not ours."""
        with self._open() as connection:
            [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            [application] = connection.execute("PRAGMA application_id").fetchone()
            if tables and application != _APPLICATION:
                raise self._corrupt("another program's database")
            if tables:
                return
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            # Readers and one writer do not wait for each other.
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection):
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB)"
                )

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection for a moment, so that nothing is left open. Its errors become ours."""
        try:
            with contextlib.closing(
                sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA synchronous = NORMAL")
                yield connection
        except sqlite3.OperationalError as error:
            raise OutputError(
                f"{self.path}: {error}; make room, or give --cache another folder"
            ) from None
        except sqlite3.DatabaseError as error:
            raise self._corrupt(str(error)) from None

    def _corrupt(self, what: str) -> InputError:
        return InputError(
            f"{self.path}: not a cache of vectors ({what}); delete it, or give --cache another "
            "folder"
        )


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    with connection:  # commits, or rolls back
        yield


def _key(text: str) -> bytes:
    """16 bytes of BLAKE2b: among a billion texts, two share them with a chance of 1e-21."""
    return content_key(text.encode(errors="surrogatepass"), _KEY_BYTES)

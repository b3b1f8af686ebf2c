"""What was computed of texts, kept on disk: keys and values in an SQLite file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence

from dataselect.content_keys import content_key
from dataselect.data.files.raw_files import reason
from dataselect.errors import InputError, OutputError

_PATIENCE = 60.0  # seconds to wait for another process
_AT_ONCE = 500  # keys in one query; SQLite before 3.32 takes no more than 999
_PAGE_BYTES = 16384  # vectors of 384 numbers are written half again as fast as in pages of 4096
_KEY_BYTES = 16


class ContentCache:
    """Values of one kind by text, in an SQLite file of their own; processes may share it."""

    def __init__(self, directory: str, name: str, values: str, application: int) -> None:
        """`name`: what tells the file from others of the folder. `values`: what they are.

        `application`: the number in the header of files of this kind. Raises OutputError, or
        InputError for a file that is not ours.
        """
        self.path = os.path.join(directory, f"{name}.sqlite")
        self._values, self._application = values, application
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{directory}: {reason(error)}; name a folder with --cache") from None
        self._prepare()

    def find(self, texts: Sequence[str]) -> list[bytes | None]:
        """The value of each text, None where there is none."""
        keys = list(map(_key, texts))
        stored: dict[bytes, bytes] = {}
        with self._open() as connection:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT * FROM {self._values} WHERE text IN ({marks})"  # noqa: S608  # marks only
                stored.update(connection.execute(query, some))
        return list(map(stored.get, keys))

    def add(self, texts: Sequence[str], values: Sequence[bytes]) -> None:
        """Keep the values of texts; all of them or, on an error, none."""
        with self._open() as connection, _transaction(connection):
            connection.executemany(
                f"INSERT OR REPLACE INTO {self._values} VALUES (?, ?)",  # noqa: S608  # a name
                zip(map(_key, texts), values, strict=True),
            )

    def _prepare(self) -> None:
        """Make the table, unless another process has. Refuse a file that is not ours."""
        with self._open() as connection:
            [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            [application] = connection.execute("PRAGMA application_id").fetchone()
            if tables and application != self._application:
                raise self.corrupt("another program's database")
            if tables:
                return
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            # Readers and one writer do not wait for each other.
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection):
                connection.execute(f"PRAGMA application_id = {self._application}")
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {self._values} "
                    f"(text BLOB PRIMARY KEY, {self._values.removesuffix('s')} BLOB)"
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
            raise self.corrupt(str(error)) from None

    def corrupt(self, what: str) -> InputError:
        """What to raise for a file that holds something else."""
        return InputError(
            f"{self.path}: not a cache of {self._values} ({what}); delete it, or give --cache "
            "another folder"
        )


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    with connection:  # commits, or rolls back
        yield


def _key(text: str) -> bytes:
    """16 bytes of BLAKE2b: among a billion texts, two share them with a chance of 1e-21."""
    return content_key(text.encode(errors="surrogatepass"), _KEY_BYTES)

"""Texts to pick from as a file, from one task to another."""

from __future__ import annotations

import numpy as np

from dataselect.data import storage
from dataselect.execution.distributed.shard_scores import damaged
from dataselect.models import archive
from dataselect.operations.diversity.objectives.methods import Items

_FORMAT = archive.ArchiveFormat("texts to pick from", 1)
_COLUMNS = ("positions", "costs", "groups", "vectors")


def save(items: Items, path: str) -> None:
    """Write a file. Raises OutputError."""
    encoded = [text.encode() for text in items.texts]
    arrays = {name: vars(items)[name] for name in _COLUMNS if vars(items)[name] is not None}
    arrays["sizes"] = np.array(list(map(len, encoded)), np.int64)
    arrays["texts"] = np.frombuffer(b"".join(encoded), np.uint8)
    with storage.writing(path) as file:
        file.write(archive.dumps(_FORMAT, {}, arrays))


def load(path: str) -> Items:
    """Read it. Raises InputError."""
    data = storage.read_bytes(path)
    try:
        _, arrays = archive.loads(data, _FORMAT)
        texts, ends = arrays["texts"].tobytes(), np.cumsum(arrays["sizes"]).tolist()
        bounds = zip([0, *ends], ends, strict=False)
        decoded = [texts[start:end].decode() for start, end in bounds]
        columns = {name: arrays.get(name) for name in _COLUMNS}
        return Items(texts=decoded, **columns)  # type: ignore[arg-type]  # as saved
    except MemoryError:
        raise
    except Exception:  # of zipfile, of JSON and of NumPy
        raise damaged(path) from None

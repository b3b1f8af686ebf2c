"""Short keys of contents, the same in every process: equal contents have equal keys."""

import hashlib
from collections.abc import Iterable

KEY_BYTES = 8  # odds are 1 to 37 million that two of a million different contents share a key


def content_key(content: bytes, size: int = KEY_BYTES) -> bytes:
    """`size` bytes of BLAKE2b."""
    return hashlib.blake2b(content, digest_size=size).digest()


def content_keys(contents: Iterable[bytes]) -> bytes:
    """The keys of contents in a row, as `numpy.frombuffer` takes them for uint64."""
    return b"".join(map(content_key, contents))

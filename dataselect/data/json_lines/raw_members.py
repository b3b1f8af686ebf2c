"""Top-level members of JSON objects found by a decoder that builds nothing of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from msgspec.json import Decoder

_COMMA, _COLON, _OPENING, _CLOSING, _SPACE = b",:{} "
_ESCAPED_ASCII = re.compile(rb"\\u00[3-7]")
_BEFORE, _SPACES = b"{,", b" \t\r"


def without_member(line: bytes, name: str) -> bytes | None:
    """A line, known to be a JSON object, less its top-level member of this name.

    None where the member is not spelled in the usual way, or its name is also elsewhere in the
    line, so that it takes more than a look at the bytes around it.

    >>> without_member(b'{"id": 7, "nbest": [{"text": "hi"}], "ref": "hi"}', "nbest")
    b'{"id": 7, "ref": "hi"}'
    """
    if not (name.isidentifier() and name.isascii()):
        return None
    quoted = b'"%b"' % name.encode()
    value = _only_value(line, name, quoted)
    if not value:
        return value if value is None else line
    head, piece = line.split(quoted)
    cut = _cut(head, piece, len(value))
    return cut and b"".join(cut)


def _only_value(line: bytes, name: str, quoted: bytes) -> bytes | None:
    """The bytes of the member, none if the name is further in; None where it is there twice."""
    if line.count(quoted) != 1 or b"\\u00" in line:
        return None
    try:
        return bytes(_decoder(name).decode(line).member)
    except (ValueError, RecursionError):
        return None


@lru_cache(maxsize=64)
def _decoder(name: str) -> Decoder[Any]:
    import msgspec

    member = ("member", msgspec.Raw, msgspec.Raw())
    return msgspec.json.Decoder(msgspec.defstruct("Row", [member], rename={"member": name}))


def cut_out(data: bytes, name: str, sizes: Sequence[int]) -> bytes | None:
    r"""Lines, known to be JSON objects, each less its top-level member of this name.

    `sizes`: how many bytes each line's value of it has. None where a line does not spell the member
    in the usual way, has its name elsewhere, or has no other member.

    >>> cut_out(b'{"id": 7, "nbest": [1]}\n{"nbest":[1,2],"id":8}\n', "nbest", [3, 5])
    b'{"id": 7}\n{"id":8}\n'
    """
    if not (name.isidentifier() and name.isascii()) or _may_escape(data):
        return None
    first, *others = data.split(b'"%b"' % name.encode())
    if len(others) != len(sizes):  # each line has it, and so has it once
        return None
    found = [first]
    for size, piece in zip(sizes, others, strict=True):
        cut = _cut(found[-1], piece, size)
        if cut is None or (cut[0][-1], cut[1][0]) == (_OPENING, _CLOSING):
            return None
        found[-1:] = cut
    return b"".join(found)


def _cut(head: bytes, piece: bytes, size: int) -> tuple[bytes, bytes] | None:
    """What is left before and after a member whose name is between, with a value of `size` bytes.

    None where it is not spelled in the usual way.
    """
    start = 1 + (piece[1] == _SPACE)
    end = start + size
    if head[-1] == _SPACE:
        head = head[:-1]
    if piece[0] != _COLON or piece[start] in _SPACES or head[-1] not in _BEFORE:
        return None
    after = piece[end]
    if after == _COMMA:
        return head, piece[end + 1 :]
    return (head.removesuffix(b","), piece[end:]) if after == _CLOSING else None


def _may_escape(data: bytes) -> bool:
    """Whether a letter, digit or underscore of ASCII is written as an escape."""
    return b"\\u00" in data and _ESCAPED_ASCII.search(data) is not None

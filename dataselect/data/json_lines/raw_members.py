"""Top-level members of JSON objects found by a decoder that builds nothing of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from msgspec.json import Decoder

_COMMA, _COLON, _OPENING, _CLOSING, _SPACE = b",:{} "


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
    key = line.find(quoted)
    begin = key - (line[key - 1] == _SPACE)
    colon = key + len(quoted)
    start = colon + 1 + (line[colon + 1] == _SPACE)
    end = start + len(value)
    before, after = line[begin - 1], line[end]
    if before not in (_COMMA, _OPENING) or line[colon] != _COLON or line[start:end] != value:
        return None
    if after == _COMMA:
        return line[:begin] + line[end + 1 :]
    return line[: begin - (before == _COMMA)] + line[end:] if after == _CLOSING else None


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

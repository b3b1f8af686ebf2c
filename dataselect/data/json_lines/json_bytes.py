"""Members of JSON objects found in their bytes, taken out and added, without parsing them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import orjson

from dataselect.data.json_lines.object_lines import ObjectLines
from dataselect.data.json_lines.raw_members import cut_out, without_member

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_QUOTE, _BACKSLASH, _CLOSING, _LINE_FEED = b'"\\}\n'


class _Cuts(NamedTuple):
    """Where the top-level members of objects begin and end: at braces and commas.

    `places` (c,) of these in the text; `closing` (c,) whether the brace ends an object; `quotes`
    (q,) places of the quotes around all strings.
    """

    places: NDArray[np.int64]
    closing: NDArray[np.bool_]
    quotes: NDArray[np.int64]


def without(lines: Sequence[bytes], names: Collection[str]) -> list[bytes]:
    """Lines, known to be JSON objects, less their top-level fields called `names`.

    >>> without([b'{"a": 1, "relevance": 0.5, "b": [1, 2]}'], ["relevance"])
    [b'{"a": 1, "b": [1, 2]}']
    """
    import numpy as np

    if not lines:
        return []
    data = b"\n".join(lines)
    cuts = _cuts(data)
    unwanted = set(_called(data, cuts, names))
    places = cuts.places.tolist()
    found: list[bytes] = []
    first = start = 0
    for line, last in zip(lines, np.flatnonzero(cuts.closing).tolist(), strict=True):
        end = start + len(line)
        if unwanted.isdisjoint(range(first, last)):
            found.append(line)
        else:
            kept = [cut for cut in range(first, last) if cut not in unwanted]
            members = [data[places[cut] + 1 : places[cut + 1]] for cut in kept]
            head, tail = data[start : places[first] + 1], data[places[last] : end]
            found.append(head + b",".join(members) + tail)
        first, start = last + 1, end + 1
    return found


def without_values(lines: ObjectLines, name: str, values: Sequence[bytes]) -> Sequence[bytes]:
    r"""Lines less their top-level field of that name, each with the value that is known of it.

    >>> lines = ObjectLines(b'{"a": 1, "b": [1, 2]}\n', 1, ["c"])
    >>> list(without_values(lines, "b", [b"[1, 2]"]))
    [b'{"a": 1}']
    """
    shorter = cut_out(lines.data, name, list(map(len, values)))
    if shorter is None:
        return without(list(lines), [name])
    return ObjectLines(shorter, len(lines), {*lines.lacks, name})


def _cuts(data: bytes) -> _Cuts:
    """Find the cuts of objects, a line each."""
    import numpy as np

    text = np.frombuffer(data, np.uint8)
    quotes = _quotes(text, escapes=b"\\" in data)
    strings = np.zeros(len(text), np.uint8)
    strings[quotes] = 1
    np.cumsum(strings, dtype=np.uint8, out=strings)  # odd inside of strings, also after an overflow
    marks = np.flatnonzero(_any_of(text, b"{}[],"))
    marks = marks[strings[marks] % 2 == 0]
    kinds = text[marks]
    opens, closes = _any_of(kinds, b"{["), _any_of(kinds, b"}]")
    depths = np.cumsum(opens.astype(np.int8) - closes.astype(np.int8), dtype=np.int64)
    top = np.where(closes, depths == 0, depths == 1)
    return _Cuts(marks[top], closes[top], quotes)


def _any_of(text: NDArray[np.uint8], characters: bytes) -> NDArray[np.bool_]:
    import numpy as np

    table = np.zeros(256, bool)
    table[list(characters)] = True
    return table[text]


def _quotes(text: NDArray[np.uint8], *, escapes: bool) -> NDArray[np.int64]:
    """(q,) places of the quotes around strings: not those after an odd number of backslashes."""
    import numpy as np

    quotes = np.flatnonzero(text == _QUOTE)
    if not escapes:
        return quotes
    backslashes = np.flatnonzero(text == _BACKSLASH)
    first = backslashes[np.diff(backslashes, prepend=-2) > 1]
    last = backslashes[np.diff(backslashes, append=len(text) + 2) > 1]
    escaped = last[(last - first) % 2 == 0] + 1
    return np.setdiff1d(quotes, escaped, assume_unique=True)


def _called(data: bytes, cuts: _Cuts, names: Collection[str]) -> Iterator[int]:
    """Yield the cuts after which a member of one of the names begins."""
    import numpy as np

    quoted = np.append(cuts.quotes, [len(data)] * 2)
    keys = np.searchsorted(cuts.quotes, cuts.places[:-1])
    starts, ends = quoted[keys] + 1, quoted[keys + 1]
    sizes = ends - starts
    lengths = [len(name.encode(errors="surrogatepass")) for name in names]
    # An escape makes a key longer than its name.
    fits = sizes >= min(lengths) if b"\\" in data else np.isin(sizes, lengths)
    named = ~cuts.closing[:-1] & (starts < cuts.places[1:]) & fits
    for cut in np.flatnonzero(named).tolist():
        if _spelled(data[starts[cut] - 1 : ends[cut] + 1]) in names:
            yield cut


def _spelled(quoted: bytes) -> str:
    """The text of a quoted JSON string, lone surrogates included."""
    return str(json.loads(quoted)) if _BACKSLASH in quoted else quoted[1:-1].decode()


Fields = dict[str, Sequence[bytes]]
"""Fields to add: name, in ASCII, to one encoded JSON value a line."""

_ESCAPED_ASCII = re.compile(rb"\\u00[2-7]")  # nearly no program writes these


def annotate(lines: Sequence[bytes], fields: Fields) -> bytes:
    r"""Lines as text, with fields added at the end of each object in place of those of that name.

    >>> annotate([b'{"text": "hi"}'], {"relevance": [b"0.5"]})
    b'{"text": "hi","relevance":0.5}\n'
    """
    if not fields or not lines:
        return _joined(lines)
    lines = without_fields(lines, fields.keys())
    labels = [b"," + orjson.dumps(name) + b":" for name in fields]
    pattern = _pattern(lines, b"".join([label.replace(b"%", b"%%") + b"%b" for label in labels]))
    if pattern is None:
        rows = zip(*fields.values(), strict=True)
        tails = [b"".join(chain.from_iterable(zip(labels, row, strict=True))) for row in rows]
        return b"".join(map(_inserted, lines, tails))
    members = [b""] * (len(fields) * len(lines))
    for place, values in enumerate(fields.values()):
        members[place :: len(fields)] = values
    return pattern % tuple(members)


_MARK = 1  # stands for a brace meanwhile: JSON has no such character
_EMPTY_ENDS = b"{ \t\r"  # what may stand before the brace of an object without fields


def _pattern(lines: Sequence[bytes], members: bytes) -> bytes | None:
    """Lines as text, for `%`, with members added to each; None where that takes a closer look."""
    import numpy as np

    data = _joined(lines)
    text = np.frombuffer(bytearray(data), np.uint8)
    ends = lines.ends if isinstance(lines, ObjectLines) else np.flatnonzero(text == _LINE_FEED)
    is_plain = (text[ends - 1] == _CLOSING) & ~_any_of(text[ends - 2], _EMPTY_ENDS)
    if not is_plain.all() or _MARK in data:
        return None
    text[ends - 1] = _MARK
    return text.tobytes().replace(b"%", b"%%").replace(bytes([_MARK]), members + b"}")


def _joined(lines: Sequence[bytes]) -> bytes:
    return lines.data if isinstance(lines, ObjectLines) else b"\n".join([*lines, b""])


def without_fields(lines: Sequence[bytes], names: Collection[str]) -> Sequence[bytes]:
    """Lines less their top-level fields of some names, the rest of each untouched.

    >>> without_fields([b'{"text": "hi", "dropped": "a copy"}'], ["dropped"])
    [b'{"text": "hi"}']
    """
    if not names or (isinstance(lines, ObjectLines) and lines.lacks.issuperset(names)):
        return lines
    held = _held(_joined(lines), names)
    return _unannotated(lines, held) if held else lines


def _held(text: bytes, names: Collection[str]) -> Collection[str]:
    """The names whose fields may be in the text."""
    if _may_hold(text, ()):
        return names
    return [name for name in names if orjson.dumps(name) in text]


def _may_hold(text: bytes, quoted: Sequence[bytes]) -> bool:
    """Whether a field of one of these names may be in the text; nearly always right.

    Single bytes are found ten times faster than longer strings, and escapes are rare.
    """
    if b"\\" in text and _ESCAPED_ASCII.search(text):
        return True
    return any(name in text for name in quoted)


_LAST_NUMBER = re.compile(rb',("[^"\\]*"):[-+.0-9eE]+\}\Z')


def _unannotated(lines: Sequence[bytes], names: Collection[str]) -> list[bytes]:
    """Lines less the fields that an earlier run may have added."""
    quoted = [orjson.dumps(name) for name in names]
    plain = list(lines)
    others = []  # lines to be looked at as a whole
    for place, line in enumerate(lines):
        # Our own spelling, a number at the very end, needs no look at the rest of the line.
        shorter = _without_last(line, quoted) if line[-2:-1] in _DIGITS else None
        if shorter is None and len(names) == 1:
            shorter = without_member(line, next(iter(names)))
        if shorter is not None:
            plain[place] = shorter
        elif _may_hold(line, quoted):
            others.append(place)
    for place, line in zip(others, without([lines[other] for other in others], names), strict=True):
        plain[place] = line
    return plain


_LONGEST_TAIL = 100


_DIGITS = b"0123456789"


def _without_last(line: bytes, quoted: Sequence[bytes]) -> bytes | None:
    """A line less the number at its end, if that is the only one of these fields in it."""
    last = _LAST_NUMBER.search(line, max(len(line) - _LONGEST_TAIL, 0))
    if last is None or last[1] not in quoted or sum(map(line.count, quoted)) != 1:
        return None
    return None if _ESCAPED_ASCII.search(line) else line[: last.start()] + b"}"


def _inserted(line: bytes, tail: bytes) -> bytes:
    end = line.rindex(b"}")
    if line[:end].rstrip().endswith(b"{"):  # an empty object: no comma before the first field
        tail = tail[1:]
    return line[:end] + tail + line[end:] + b"\n"

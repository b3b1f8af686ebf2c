"""Lines of n-grams in an ARPA file as arrays, without a step of Python for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

_NUMBER = rb"([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|-inf)"
_LOW_BITS, _HALF = (1 << 29) - 1, 1 << 28  # of a double's fraction, what single precision rounds
_TAB, _LINE_FEED, _SPACE = b"\t\n "


class NgramLines(NamedTuple):
    """What m lines say: (m,) `log_probs` and `backoffs`, 0 where there is none.

    The words, order after order of their line, are `starts` (m * order,) and `sizes` in `text`.
    """

    text: bytes
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    log_probs: NDArray[np.float64]
    backoffs: NDArray[np.float64]

    def words(self) -> list[bytes]:
        """The words themselves."""
        ends = (self.starts + self.sizes).tolist()
        return [self.text[start:end] for start, end in zip(self.starts.tolist(), ends, strict=True)]


def pattern(order: int) -> re.Pattern[bytes]:
    """What a line of an order is, whatever white space is in it."""
    word = rb"[^ \t\r\n\0]+"
    words = rb"(" + (word + rb"[ \t]+") * (order - 1) + word + rb")"
    return re.compile(
        rb"^[ \t]*" + _NUMBER + rb"[ \t]+" + words + rb"(?:[ \t]+" + _NUMBER + rb")?[ \t]*\r?\n",
        re.MULTILINE,
    )


def ngram_lines(text: bytes, order: int, pattern: re.Pattern[bytes]) -> NgramLines | None:
    """Parse lines by the `pattern` of their order; None where one does not fit it.

    Numbers round to single precision as their digits do.
    """
    if b"\r" not in text and b"\0" not in text:
        plain = _parsed(text, order, _json_numbers)
        if plain is not None:
            return plain
    lines = pattern.findall(text)
    if len(lines) != text.count(b"\n"):
        return None
    respelled = [
        b"\t".join(filter(None, (log_prob, *words.replace(b"\t", b" ").split(b" "), backoff)))
        for log_prob, words, backoff in lines
    ]
    return _parsed(b"\n".join([*respelled, b""]), order, _floats)


def _parsed(
    text: bytes, order: int, numbers: Callable[[bytes, int], NDArray[np.float64] | None]
) -> NgramLines | None:
    """Parse lines with one tab or space between their fields, None where that is not so."""
    data = np.frombuffer(text, np.uint8)
    breaks = np.flatnonzero(_IS_BREAK[data])
    sizes = np.diff(breaks, prepend=-1) - 1
    last = np.flatnonzero(data[breaks] == _LINE_FEED)
    fields = np.diff(last, prepend=-1)
    first = last - fields + 1
    backed = fields == order + 2
    if not (sizes.all() and (backed | (fields == order + 1)).all()):
        return None
    is_number = np.zeros(len(breaks), np.bool_)
    is_number[first] = is_number[last[backed]] = True
    spelled = data[np.repeat(is_number, sizes + 1)].tobytes().translate(_COMMAS)[:-1]
    values = numbers(spelled, int(np.count_nonzero(is_number)))
    if values is None:
        return None
    _round_once(values, spelled)
    of_line = np.arange(len(first)) + np.cumsum(backed) - backed
    backoffs = np.zeros(len(first))
    backoffs[backed] = values[of_line[backed] + 1]
    starts = (breaks - sizes)[~is_number]
    return NgramLines(text, starts, sizes[~is_number], values[of_line], backoffs)


_IS_BREAK = np.isin(np.arange(256), [_TAB, _LINE_FEED, _SPACE])
_COMMAS = bytes.maketrans(b"\t\n ", b",,,")


def _json_numbers(spelled: bytes, count: int) -> NDArray[np.float64] | None:
    """Numbers between commas, None where one is not as JSON has it."""
    try:
        found = orjson.loads(b"[%b]" % spelled)
    except orjson.JSONDecodeError:
        return None
    if len(found) != count or not set(map(type, found)) <= {float, int}:
        return None
    return np.array(found, np.float64)


def _floats(spelled: bytes, count: int) -> NDArray[np.float64]:
    """Numbers between commas that the pattern of a line lets through."""
    return np.fromiter(map(float, spelled.split(b",")), np.float64, count)


def _round_once(values: NDArray[np.float64], spelled: bytes) -> None:
    """Make doubles round to the single-precision number nearest to their text.

    A double halfway between two of these may have been rounded itself; it moves by its last bit to
    the side where the text is.
    """
    halves = np.flatnonzero((values.view(np.int64) & _LOW_BITS) == _HALF).tolist()
    texts = spelled.split(b",") if halves else []
    for place in halves:
        exact, found = Decimal(texts[place].decode()), float(values[place])
        if exact != Decimal(found):
            values[place] = np.nextafter(found, np.inf if exact > Decimal(found) else -np.inf)

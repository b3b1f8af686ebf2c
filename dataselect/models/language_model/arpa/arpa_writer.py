"""Back-off models to ARPA files."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dataselect.data.output_files import Outputs
from dataselect.models.language_model.backoff import BackoffModel

_BATCH = 1 << 16  # n-grams that are written at once
_SLOT = 32  # bytes; n-grams with a longer word are written one by one
_TAB = ord("\t")


def save(model: BackoffModel, path: str) -> None:
    """Write a model to a file, compressed by suffix, that appears whole or not at all."""
    with Outputs({}) as outputs:
        sink = outputs.open(path)
        for chunk in write(model):
            sink.write(chunk)


def write(model: BackoffModel) -> Iterator[bytes]:
    """Yield a model as an ARPA file, numbers to eight digits: same model, same bytes."""
    counts = [b"ngram %d=%d\n" % (n, len(level)) for n, level in enumerate(model.levels, start=1)]
    yield b"\\data\\\n" + b"".join(counts)
    words = _Words(model.vocabulary.words)
    for order in range(1, model.order + 1):
        yield b"\n\\%d-grams:" % order
        for first in range(0, len(model.levels[order - 1]), _BATCH):
            yield _spelled(model, order, slice(first, first + _BATCH), words)
        yield b"\n"
    yield b"\n\\end\\\n"


class _Words:
    """Words by number, with a space before each: `table` (n,) has them as far as _SLOT reaches."""

    def __init__(self, words: list[bytes]) -> None:
        self.spelled = [b" " + word for word in words]
        self.table = np.array(self.spelled, f"S{_SLOT}")
        self.is_long = np.array([len(word) > _SLOT for word in self.spelled])


def _spelled(model: BackoffModel, order: int, part: slice, words: _Words) -> bytes:
    """Some n-grams of one order, a line feed before each."""
    level, numbers = model.levels[order - 1], _word_numbers(model, order, part)
    columns = [_digits(b"\n", level.log_probs[part]), *[words.table[own] for own in numbers]]
    columns[1].view(np.uint8)[::_SLOT] = _TAB
    if order < model.order:
        columns.append(_digits(b"\t", level.backoffs[part]))
    lines = np.rec.fromarrays(columns)
    pieces, first = [], 0
    for place in np.flatnonzero(np.any([words.is_long[own] for own in numbers], axis=0)).tolist():
        log_prob, *backoff = [each[place] for each in (columns[0], *columns[order + 1 :])]
        ngram = b"".join([words.spelled[own[place]] for own in numbers])
        pieces += [_joined(lines[first:place]), log_prob, b"\t", ngram[1:], *backoff]
        first = place + 1
    return b"".join([*pieces, _joined(lines[first:])])


def _joined(lines: NDArray[np.void]) -> bytes:
    """The fields of all lines in a row, without what fills them up."""
    return lines.tobytes().translate(None, b"\0")


def _word_numbers(model: BackoffModel, order: int, part: slice) -> list[NDArray[np.int32]]:
    """For some n-grams, the number of the first word, of the second, and so on."""
    level = model.levels[order - 1]
    columns, places = [level.words[part]], level.histories[part]
    for lower in reversed(model.levels[: order - 1]):
        columns.append(lower.words[places])
        places = lower.histories[places]
    return columns[::-1]


_FOUR_DIGITS = (np.arange(10_000)[:, None] // (1000, 100, 10, 1) % 10 + ord("0")).astype(np.uint8)


def _digits(before: bytes, values: NDArray[np.float64]) -> NDArray[np.bytes_]:
    r"""(n,) finite numbers as text, each after the byte `before`.

    >>> _digits(b"\t", np.array([-1.5, 0.0, -12.25])).tolist()
    [b'\t-1.5000000', b'\t0', b'\t-12.250000']
    """
    scaled = np.rint(values * -1e7).astype(np.int64)
    usual = (scaled > 0) & (scaled < 100_000_000)
    shown = np.where(usual, scaled, 0)
    text = np.zeros((len(values), 11), np.uint8)
    text[:, 0] = ord(before)
    text[:, 1] = ord("-")
    text[:, 2] = ord("0") + shown // 10_000_000
    text[:, 3] = ord(".")
    text[:, 4:7] = _FOUR_DIGITS[shown // 10_000 % 1000, 1:]
    text[:, 7:] = _FOUR_DIGITS[shown % 10_000]
    text[scaled == 0, 1:] = np.frombuffer(b"0".ljust(10, b"\0"), np.uint8)
    found: NDArray[np.bytes_] = text.view("S11").ravel()
    places = np.flatnonzero(~usual & (scaled != 0))
    if len(places):
        unusual = np.array([before + b"%.6f" % value for value in values[places].tolist()])
        found = found.astype(np.promote_types(found.dtype, unusual.dtype))
        found[places] = unusual
    return found

"""n-best lists in records: checked, and laid out as columns of all hypotheses in a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data.field_paths import value_at
from dataselect.data.fields import Column, finite_number
from dataselect.models.normalization import Normalization

if TYPE_CHECKING:
    from msgspec.json import Decoder

TEXT, FEATURES = "text", "features"
_SHOWN = 5  # keys of a hypothesis in a message
_LARGEST = 1e100  # its square can still be added up


class NBest(NamedTuple):
    """A list: the texts of its hypotheses, and (k, f) the numbers that are read of each."""

    texts: Sequence[str]
    numbers: NDArray[np.float64]


def find(hypothesis: Mapping[str, Any], name: str) -> Any:
    """The value called `name`: in the hypothesis, in its `features`, or at a path.

    Raises KeyError or TypeError where there is none.

    >>> find({"text": "hi", "features": {"rank": 2}}, "rank")
    2
    """
    if name in hypothesis:
        return hypothesis[name]
    features = hypothesis.get(FEATURES)
    if isinstance(features, dict) and name in features:
        return features[name]
    return value_at(hypothesis, name)


@dataclass(frozen=True)
class NBestField:
    """The field of a record that holds its list, and what each hypothesis must have.

    `numbers`: name of each number that is read, to what to do where there is none.
    """

    path: str
    numbers: Mapping[str, str]

    @property
    def column(self) -> Column:
        """The list: at least one hypothesis, each with a text, maybe empty, and finite numbers."""
        return Column(self.path, self._check, lambda _: False, "--nbest-field", decode=self._decode)

    def _decode(self, values: Sequence[bytes]) -> list[NBest]:
        """The lists whose JSON is given. Raises ValueError where one is bad, or not usual."""
        lists = _decoder(tuple(self.numbers)).decode(b"[" + b",".join(values) + b"]")
        rows = list(chain.from_iterable(lists))
        texts = [row.text for row in rows]
        numbers = np.empty((len(rows), len(self.numbers)))
        for place in range(len(self.numbers)):
            numbers[:, place] = _column(rows, _attribute(place))
        if not all(lists) or (np.abs(numbers) > _LARGEST).any():
            raise ValueError
        ends = list(accumulate(map(len, lists)))
        parts = list(map(slice, [0, *ends], ends))
        return list(map(NBest, map(texts.__getitem__, parts), map(numbers.__getitem__, parts)))

    def _check(self, value: Any) -> NBest:
        if not isinstance(value, list):
            raise ValueError("is not an array; name another with --nbest-field")
        if not value:
            raise ValueError("is an empty list; leave the record out, or skip it with --on-error")
        rows = [
            self._checked_row(hypothesis, f"hypothesis {rank}")
            for rank, hypothesis in enumerate(value, start=1)
        ]
        texts, *numbers = zip(*rows, strict=True)
        columns = np.array(numbers, np.float64).reshape(len(self.numbers), len(rows))
        return NBest(texts, columns.T)

    def _checked_row(self, hypothesis: Any, which: str) -> list[Any]:
        """Text and numbers. Raises ValueError, with what to do, where they cannot be used."""
        if not isinstance(hypothesis, dict):
            raise ValueError(f"has a {which} that is not an object; write one as {{'text': ...}}")
        if TEXT not in hypothesis:
            keys = ", ".join(f"'{key}'" for key in list(hypothesis)[:_SHOWN]) or "nothing"
            raise ValueError(
                f"has a {which} without 'text', but with {keys}; call its text 'text', or skip it "
                "with --on-error"
            )
        text = Column.hypothesis(TEXT).check
        row = [_checked(text, hypothesis[TEXT], f"'text' of {which}")]
        for name, remedy in self.numbers.items():
            try:
                value = find(hypothesis, name)
            except (KeyError, TypeError):
                raise ValueError(f"has a {which} without '{name}'; {remedy}") from None
            row.append(_checked(_number, value, f"'{name}' of {which}"))
        return row


@lru_cache(maxsize=64)
def _decoder(names: tuple[str, ...]) -> Decoder[Any]:
    """A decoder of lists of lists of rows. Raises ValueError for odd names."""
    import msgspec

    own = {_attribute(place): name for place, name in enumerate(names)}
    numbers = [(field, float | msgspec.UnsetType, msgspec.UNSET) for field in own]
    features = msgspec.defstruct("Features", numbers, rename=own, gc=False)
    optional = (FEATURES, features | msgspec.UnsetType, msgspec.UNSET)
    row = msgspec.defstruct("Row", [(TEXT, str), *numbers, optional], rename=own, gc=False)
    return msgspec.json.Decoder(list[list[row]])  # type: ignore[valid-type]  # made just now


def _attribute(place: int) -> str:
    return f"number_{place}"


def _column(rows: Sequence[Any], name: str) -> NDArray[np.float64]:
    """A number of each row, of its own or of its features. Raises ValueError where one has none."""
    try:
        return np.fromiter(map(attrgetter(name), rows), np.float64, len(rows))
    except TypeError:  # not all rows have one of their own
        own = [(getattr(row, name), row.features) for row in rows]
    values = [one if isinstance(one, float) else getattr(more, name, one) for one, more in own]
    try:
        return np.array(values, np.float64)
    except TypeError:
        raise ValueError from None


def _checked(check: Callable[[Any], Any], value: Any, what: str) -> Any:
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"has a {what} that {error}") from None


def _number(value: Any) -> float:
    number = finite_number(value)
    if abs(number) > _LARGEST:
        raise ValueError("is too large to be weighed; scale it down")
    return number


class Hypotheses(NamedTuple):
    """The hypotheses that may win, h of them, list after list of (n,) `sizes`, in their order.

    `texts` as they are in the lists, `normalized` for model and metric, `ranks` (h,) from 1 in the
    list as it was, `values` (h, f) numbers by name.
    """

    texts: list[str]
    normalized: Sequence[str]
    ranks: NDArray[np.int64]
    sizes: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]


def candidates(
    lists: Sequence[NBest], field: NBestField, normalization: Normalization | None = None
) -> Hypotheses:
    """Lay out lists; copies of an earlier text of the list are left out, and so are empty texts.

    A list of empty texts only keeps the first. Texts are compared after `normalization`.
    """
    texts = list(chain.from_iterable(own.texts for own in lists))
    normalized = (normalization or Normalization()).each(texts)
    given = list_sizes(lists)
    places, sizes = _distinct(normalized, given.tolist())
    numbers = list_numbers(lists) if lists else np.empty((0, len(field.numbers)))
    firsts = np.repeat(np.cumsum(given) - given, given)
    ranks = np.arange(1, len(texts) + 1) - firsts
    if len(places) < len(texts):
        texts, normalized = ([own[place] for place in places] for own in (texts, normalized))
        numbers, ranks = numbers[places], ranks[places]
    return Hypotheses(
        texts,
        normalized,
        ranks,
        np.array(sizes, np.int64),
        dict(zip(field.numbers, numbers.T, strict=True)),
    )


def list_sizes(lists: Sequence[NBest]) -> NDArray[np.int64]:
    """(n,) how many hypotheses each list has."""
    return np.fromiter((len(own.texts) for own in lists), np.int64, len(lists))


def list_numbers(lists: Sequence[NBest]) -> NDArray[np.float64]:
    """(h, f) the numbers of all hypotheses in a row."""
    return np.concatenate([own.numbers for own in lists])


def _distinct(texts: Sequence[str], sizes: Sequence[int]) -> tuple[list[int], list[int]]:
    """Places of the candidates among all texts, ascending, and how many each list has."""
    places: list[int] = []
    counts: list[int] = []
    start = 0
    no_blank = all(map(str.strip, texts))
    for size in sizes:
        end = start + size
        own = texts[start:end]
        if len(set(own)) == size and (no_blank or all(map(str.strip, own))):
            kept: Sequence[int] = range(start, end)
        else:
            # Filled from the back, so that the place of the earliest copy stays.
            first = dict(zip(reversed(own), range(end - 1, start - 1, -1), strict=True))
            kept = sorted(first[text] for text in first if text.strip()) or [start]
        places += kept
        counts.append(len(kept))
        start = end
    return places, counts

"""n-best lists in records: checked, and laid out as columns of all hypotheses in a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, compress
from operator import attrgetter, countOf
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from dataselect.data.field_paths import value_at
from dataselect.data.fields import Column, finite_number
from dataselect.models.normalization import Normalization

if TYPE_CHECKING:
    from msgspec.json import Decoder

TEXT, FEATURES = "text", "features"
ANNOTATION = ("slots", "slots_confidence")
"""What `translate` tells of a hypothesis whose record has slots."""
_SHOWN = 5  # keys of a hypothesis in a message
_LARGEST = 1e100  # its square can still be added up


class NBest(NamedTuple):
    """A list: the texts of its hypotheses, and (k, f) the numbers that are read of each.

    `annotations`: of each what it has of `ANNOTATION`; empty where none has any.
    """

    texts: Sequence[str]
    numbers: NDArray[np.float64]
    annotations: Sequence[Mapping[str, Any]] = ()


class NBestLists(Sequence[NBest]):
    """n lists, held as columns: `texts` of all h hypotheses in a row, `numbers` (h, f) of each.

    `sizes` (n,): how many hypotheses each list has. `annotations` as in `NBest`, of all.
    """

    def __init__(
        self,
        texts: list[str],
        numbers: NDArray[np.float64],
        sizes: NDArray[np.int64],
        annotations: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.texts, self.numbers, self.sizes = texts, numbers, sizes
        self.annotations = annotations

    @classmethod
    def of(cls, lists: Sequence[NBest]) -> NBestLists:
        """The columns of one or more lists."""
        if isinstance(lists, cls):
            return lists
        texts = list(chain.from_iterable(own.texts for own in lists))
        sizes = np.array([len(own.texts) for own in lists], np.int64)
        annotations: list[Mapping[str, Any]] = []
        if any(own.annotations for own in lists):
            for own in lists:
                annotations += own.annotations or [{}] * len(own.texts)
        return cls(texts, np.concatenate([own.numbers for own in lists]), sizes, annotations)

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """(n,) where each list begins."""
        return np.cumsum(self.sizes) - self.sizes

    def __len__(self) -> int:
        return len(self.sizes)

    @overload
    def __getitem__(self, place: int) -> NBest: ...
    @overload
    def __getitem__(self, place: slice) -> list[NBest]: ...
    def __getitem__(self, place: int | slice) -> NBest | list[NBest]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        own = slice(int(self.firsts[place]), int(self.firsts[place] + self.sizes[place]))
        return NBest(self.texts[own], self.numbers[own], self.annotations[own])


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

    def _decode(self, values: Sequence[bytes]) -> Any:
        """The lists whose JSON is given, as `NBestLists`.

        Raises ValueError where one is bad, or not usual.
        """
        lists = _decoder(tuple(self.numbers)).decode(b"[" + b",".join(values) + b"]")
        rows = list(chain.from_iterable(lists))
        texts = [row.text for row in rows]
        numbers = np.empty((len(rows), len(self.numbers)))
        for place in range(len(self.numbers)):
            numbers[:, place] = _column(rows, _attribute(place))
        if not all(lists) or (np.abs(numbers) > _LARGEST).any():
            raise ValueError
        sizes = np.fromiter(map(len, lists), np.int64, len(lists))
        return NBestLists(texts, numbers, sizes, self._annotations(rows, getattr))

    def _annotations(
        self, rows: Sequence[Any], get: Callable[[Any, str, None], Any]
    ) -> list[dict[str, Any]]:
        """What `get` finds of ANNOTATION in hypotheses; empty where none has any."""
        names = [name for name in ANNOTATION if name not in self.numbers]
        columns = {name: [get(row, name, None) for row in rows] for name in names}
        if all(countOf(column, None) == len(rows) for column in columns.values()):
            return []
        return [
            {name: value for name, value in zip(columns, values, strict=True) if value is not None}
            for values in zip(*columns.values(), strict=True)
        ]

    def _check(self, value: Any) -> NBest:
        if not isinstance(value, list):
            raise ValueError("is not an array; name another with --nbest-field")
        if not value:
            raise ValueError(
                "is an empty list; leave the record out, or skip it with --on-error skip"
            )
        rows = [
            self._checked_row(hypothesis, f"hypothesis {rank}")
            for rank, hypothesis in enumerate(value, start=1)
        ]
        texts, *numbers = zip(*rows, strict=True)
        columns = np.array(numbers, np.float64).reshape(len(self.numbers), len(rows))
        return NBest(texts, columns.T, self._annotations(value, dict.get))

    def _checked_row(self, hypothesis: Any, which: str) -> list[Any]:
        """Text and numbers. Raises ValueError, with what to do, where they cannot be used."""
        if not isinstance(hypothesis, dict):
            raise ValueError(f"has a {which} that is not an object; write one as {{'text': ...}}")
        if TEXT not in hypothesis:
            keys = ", ".join(f"'{key}'" for key in list(hypothesis)[:_SHOWN]) or "nothing"
            raise ValueError(
                f"has a {which} without 'text', but with {keys}; call its text 'text', or skip it "
                "with --on-error skip"
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
    others = [(name, Any, None) for name in ANNOTATION if name not in names]
    row = msgspec.defstruct("Row", [(TEXT, str), *numbers, *others, optional], rename=own, gc=False)
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
    list as it was, `values` (h, f) numbers by name, `annotations` as in `NBest`.
    """

    texts: list[str]
    normalized: Sequence[str]
    ranks: NDArray[np.int64]
    sizes: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    annotations: Sequence[Mapping[str, Any]]


def candidates(
    lists: Sequence[NBest], field: NBestField, normalization: Normalization | None = None
) -> Hypotheses:
    """Lay out lists; copies of an earlier text of the list are left out, and so are empty texts.

    A list of empty texts only keeps the first. Texts are compared after `normalization`.
    """
    if not lists:
        lists = NBestLists([], np.empty((0, len(field.numbers))), np.zeros(0, np.int64))
    given = NBestLists.of(lists)
    texts, numbers, sizes, annotations = (
        given.texts,
        given.numbers,
        given.sizes,
        given.annotations,
    )
    normalized = (normalization or Normalization()).each(texts)
    ranks = np.arange(1, len(texts) + 1) - np.repeat(given.firsts, sizes)
    kept = _distinct(normalized, given)
    if not kept.all():
        texts, normalized = (list(compress(own, kept.tolist())) for own in (texts, normalized))
        annotations = list(compress(annotations, kept.tolist()))
        numbers, ranks = numbers[kept], ranks[kept]
        sizes = np.add.reduceat(kept, given.firsts, dtype=np.int64)
    values = dict(zip(field.numbers, numbers.T, strict=True))
    return Hypotheses(texts, normalized, ranks, sizes, values, annotations)


def _distinct(texts: Sequence[str], given: NBestLists) -> NDArray[np.bool_]:
    """(h,) which hypotheses are candidates, by the normalised texts of all lists."""
    kept = np.ones(len(texts), bool)
    places = range(len(texts))
    earliest = dict(zip(reversed(texts), reversed(places), strict=True))
    blank = [] if all(map(str.strip, texts)) else [at for at in places if not texts[at].strip()]
    if len(earliest) == len(texts) and not blank:
        return kept
    # Only lists with a text that is blank, or stands anywhere before, can lack a candidate.
    found = np.fromiter(map(earliest.__getitem__, texts), np.intp, len(texts))
    doubtful = found != np.arange(len(texts))
    doubtful[blank] = True
    lists = np.unique(np.repeat(np.arange(len(given)), given.sizes)[doubtful])
    for start, size in zip(given.firsts[lists].tolist(), given.sizes[lists].tolist(), strict=True):
        own = texts[start : start + size]
        # Filled from the back, so that the place of the earliest copy stays.
        first = dict(zip(reversed(own), range(size - 1, -1, -1), strict=True))
        kept[start : start + size] = False
        kept[[start + first[text] for text in first if text.strip()] or start] = True
    return kept

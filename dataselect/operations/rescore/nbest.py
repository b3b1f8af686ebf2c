"""n-best lists in records: checked, and laid out as columns of all hypotheses in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data.field_paths import value_at
from dataselect.data.fields import Column, finite_number
from dataselect.models.normalization import Normalization

TEXT, FEATURES = "text", "features"
_SHOWN = 5  # keys of a hypothesis in a message
_LARGEST = 1e100  # its square can still be added up
NBest = list[dict[str, Any]]


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


def _values(hypotheses: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    try:  # the place that goes before others, and the fast one
        return [each[name] for each in hypotheses]
    except KeyError:
        return [find(each, name) for each in hypotheses]


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
        return Column(self.path, self._check, self._check_all, "--nbest-field")

    def values(self, hypotheses: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
        """The numbers of some hypotheses, one list a name."""
        own = list(hypotheses)
        return [_values(own, name) for name in self.numbers]

    def _check_all(self, lists: list[Any]) -> bool:
        try:
            if not all(lists) or set(map(type, lists)) > {list}:
                return False
            hypotheses = [each for own in lists for each in own]
            texts = [each[TEXT] for each in hypotheses]
            columns = self.values(hypotheses)
        except (AttributeError, KeyError, TypeError):
            return False
        return set(map(type, texts)) <= {str} and all(
            set(map(type, values)) <= {float, int} and max(map(abs, values)) <= _LARGEST
            for values in columns
        )

    def _check(self, value: Any) -> NBest:
        if not isinstance(value, list):
            raise ValueError("is not an array; name another with --nbest-field")
        if not value:
            raise ValueError("is an empty list; leave the record out, or skip it with --on-error")
        for rank, hypothesis in enumerate(value, start=1):
            self._check_hypothesis(hypothesis, f"hypothesis {rank}")
        return value

    def _check_hypothesis(self, hypothesis: Any, which: str) -> None:
        """Raise ValueError, with what to do, for a hypothesis that cannot be used."""
        if not isinstance(hypothesis, dict):
            raise ValueError(f"has a {which} that is not an object; write one as {{'text': ...}}")
        if TEXT not in hypothesis:
            keys = ", ".join(f"'{key}'" for key in list(hypothesis)[:_SHOWN]) or "nothing"
            raise ValueError(
                f"has a {which} without 'text', but with {keys}; call its text 'text', or skip it "
                "with --on-error"
            )
        _checked(Column.hypothesis(TEXT).check, hypothesis[TEXT], f"'text' of {which}")
        for name, remedy in self.numbers.items():
            try:
                value = find(hypothesis, name)
            except (KeyError, TypeError):
                raise ValueError(f"has a {which} without '{name}'; {remedy}") from None
            _checked(_number, value, f"'{name}' of {which}")


def _checked(check: Callable[[Any], Any], value: Any, what: str) -> None:
    try:
        check(value)
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
    hypotheses = [each for own in lists for each in own]
    texts = [each[TEXT] for each in hypotheses]
    normalized = (normalization or Normalization()).each(texts)
    given = np.fromiter(map(len, lists), np.int64, len(lists))
    places, sizes = _distinct(normalized, given.tolist())
    columns = field.values(hypotheses)
    firsts = np.repeat(np.cumsum(given) - given, given)
    ranks = np.arange(1, len(texts) + 1) - firsts
    if len(places) < len(texts):
        texts, normalized = ([own[place] for place in places] for own in (texts, normalized))
        columns = [[own[place] for place in places] for own in columns]
        ranks = ranks[places]
    return Hypotheses(
        texts,
        normalized,
        ranks,
        np.array(sizes, np.int64),
        {name: np.array(own, np.float64) for name, own in zip(field.numbers, columns, strict=True)},
    )


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

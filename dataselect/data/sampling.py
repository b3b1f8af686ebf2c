"""The texts that a model is fitted on: whole files, or a uniform sample of a large pool."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dataselect.data.fields import POSITION, Column
from dataselect.data.files.line_blocks import Block, count_records, numbered
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import encoded, parse
from dataselect.data.records import BadRecord, Records, read
from dataselect.errors import InputError, RequirementError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from numpy.random import Generator

Drawn = TypeVar("Drawn")


def read_columns(inputs: Inputs, columns: Sequence[Column]) -> list[list[Any]]:
    """All values of some columns. Raises InputError at the first bad record."""
    values: list[list[Any]] = [[] for _ in columns]
    for block in inputs.blocks():
        found = read(block, columns, stop_at_first=True)
        if found.bad:
            raise InputError(str(found.bad[0]))
        for kept, fresh in zip(values, found.columns, strict=True):
            kept.extend(fresh)
    return values


def names_at(inputs: Inputs, positions: Collection[int]) -> list[bytes]:
    """What the records at some positions are called, as JSON, in the order of the input.

    It is their `id`, any JSON value; `FILE:LINE` where they have none, or null.
    """
    wanted = sorted(set(positions))
    found: list[bytes] = []
    for block in numbered(inputs.blocks()):
        lines = block.lines()
        filled: Sequence[int] = range(len(lines))
        if count_records(block.data) < len(lines):
            filled = [place for place in filled if lines[place].strip()]
        first = block.first_record
        start, end = (bisect_left(wanted, at) for at in (first, first + len(filled)))
        for place in [filled[at - first] for at in wanted[start:end]]:
            own = Column.identity().find(parse(lines[place]))
            number = block.places[place] if block.places else block.first_line + place
            found.append(encoded(f"{block.source}:{number}" if own is None else own))
    return found


def total_records(inputs: Inputs) -> int:
    """How many records there are, good or bad."""
    if isinstance(inputs, Drawable):
        return inputs.total_records()
    return sum(count_records(block.data) for block in inputs.blocks())


class Drawing(Generic[Drawn]):
    """A uniform sample of lines or other items that come in order, without replacement.

    Each gets a random key in the order of the input and the `size` lowest are kept, so the
    draw depends on nothing but `rng`. Holds at most 2 * `size` of them, and their keys.
    """

    def __init__(self, size: int, rng: Generator) -> None:
        import numpy as np

        self._size, self._rng = size, rng
        self._keys = np.empty(0)
        self._limit = np.inf  # what a key has to be below
        self._drawn: list[Drawn] = []

    def add_numbered(self, lines: int, take: Callable[[list[int]], Iterable[Drawn]]) -> None:
        """The next `lines`; `take` makes what is kept of those at some places among them."""
        import numpy as np

        fresh = self._rng.random(lines)
        chosen = np.flatnonzero(fresh < self._limit)
        self._keys = np.concatenate((self._keys, fresh[chosen]))
        self._drawn += take(chosen.tolist())
        if len(self._drawn) > 2 * self._size:
            self._keep_lowest()

    def add(self, items: Sequence[Drawn]) -> None:
        """The next items themselves."""
        self.add_numbered(len(items), lambda places: [items[place] for place in places])

    def finish(self) -> list[Drawn]:
        """The sample, in input order."""
        self._keep_lowest()
        return self._drawn

    def shuffled(self) -> list[Drawn]:
        """The sample in a random order, so that its beginning is a sample, too."""
        self._keep_lowest()
        return [self._drawn[place] for place in self._keys.argsort(kind="stable").tolist()]

    def _keep_lowest(self) -> None:
        import numpy as np

        if len(self._keys) > self._size:
            lowest = np.sort(np.argpartition(self._keys, self._size)[: self._size])
            self._keys = self._keys[lowest]
            self._drawn = [self._drawn[place] for place in lowest]
            self._limit = float(self._keys.max(initial=0.0))


class Drawable(ABC):
    """Inputs that draw lines themselves: several machines read them."""

    @abstractmethod
    def draw(self, size: int, rng: Generator) -> list[Block]:
        """Lines as `Drawing` chooses them, each a numbered block of its own, in input order."""

    @abstractmethod
    def total_records(self) -> int:
        """How many records there are, good or bad."""


def sample_columns(
    inputs: Inputs, columns: Sequence[Column], size: int, rng: Generator, *, strict: bool
) -> list[list[Any]]:
    """Draw the values of `size` records without replacement, in input order, by a `Drawing`.

    A bad record that is drawn raises InputError of the first bad one of all if `strict`, else it is
    left out: the run that follows reports it.
    """
    if isinstance(inputs, Drawable):
        drawn = inputs.draw(size, rng)
    else:
        blocks = inputs.blocks()
        drawn = _drawn(numbered(blocks) if POSITION in columns else blocks, size, rng)
    values: list[list[Any]] = [[] for _ in columns]
    for start in range(0, len(drawn), _READ_TOGETHER):
        for found in _read_lines(drawn[start : start + _READ_TOGETHER], columns):
            if found.bad and strict:
                raise InputError(str(_first_bad(inputs, columns) or found.bad[0]))
            for kept, own in zip(values, found.columns, strict=True):
                kept.extend(own)
    return values


_READ_TOGETHER = 1_000  # lines


def _read_lines(drawn: Sequence[Block], columns: Sequence[Column]) -> list[Records]:
    """Read blocks of one line, as one block if all are good, which is faster."""
    together = Block(drawn[0].source, 0, b"".join([line.data for line in drawn]))
    found = read(together, [column for column in columns if column is not POSITION])
    if len(found.lines) < len(drawn):
        return [read(line, columns) for line in drawn]
    if POSITION in columns:
        found.columns.insert(columns.index(POSITION), [line.first_record for line in drawn])
    return [found]


def no_good_record(inputs: Inputs, columns: Sequence[Column], remedy: str) -> RequirementError:
    """What to say where a sample of the input is needed, and nothing in it can be used."""
    first = _first_bad(inputs, columns)
    why = "" if first is None else f" (the first: {first})"
    return RequirementError(f"the input holds no good record{why}{remedy}")


def _first_bad(inputs: Inputs, columns: Sequence[Column]) -> BadRecord | None:
    """The first bad record, drawn or not; None where several machines would have to look."""
    if isinstance(inputs, Drawable):
        return None
    for block in inputs.blocks():
        if bad := read(block, columns, stop_at_first=True).bad:
            return bad[0]
    return None


def _drawn(blocks: Iterable[Block], size: int, rng: Generator) -> list[Block]:
    drawing: Drawing[Block] = Drawing(size, rng)
    for block in blocks:
        lines = block.data.split(b"\n")[:-1]
        drawing.add_numbered(len(lines), partial(single_lines, block, lines))
    return drawing.finish()


def sample_texts(
    inputs: Inputs, column: Column, size: int, rng: Generator, *, strict: bool
) -> list[str]:
    """Draw `size` texts as `sample_columns` does."""
    [texts] = sample_columns(inputs, [column], size, rng, strict=strict)
    return texts


def sample_items(items: Sequence[Drawn], size: int, rng: Generator) -> list[Drawn]:
    """Draw `size` items without replacement, those that `sample_texts` draws of their file."""
    drawing: Drawing[Drawn] = Drawing(size, rng)
    drawing.add_numbered(len(items), lambda places: [items[place] for place in places])
    return drawing.finish()


def sample_like(
    texts: Sequence[str], inputs: Inputs, column: Column, rng: Generator, *, strict: bool = False
) -> list[str]:
    """Draw as many words as `texts` have, in whole texts, up to twice as many of these.

    `strict`: as in `sample_columns`.
    """
    drawn = sample_texts(inputs, column, 2 * len(texts), rng, strict=strict)
    wanted = sum(len(text.split()) for text in texts)
    chosen: list[str] = []
    for place in rng.permutation(len(drawn)):
        if wanted <= 0:
            break
        chosen.append(drawn[place])
        wanted -= len(drawn[place].split())
    return chosen


def single_lines(block: Block, lines: Sequence[bytes], chosen: Sequence[int]) -> list[Block]:
    """Lines at some places of a block, ascending, as blocks of their own."""
    blank = [place for place, line in enumerate(lines) if not line.strip()]
    found = []
    for place in chosen:
        position = block.first_record + place - bisect_left(blank, place)
        number = None if block.places is None else block.places[place : place + 1]
        line = lines[place] + b"\n"
        found.append(Block(block.source, block.first_line + place, line, position, number))
    return found

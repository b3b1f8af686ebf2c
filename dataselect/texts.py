"""The texts that a model is fitted on: whole files, or a uniform sample of a large pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataselect.errors import InputError
from dataselect.inputs import Block, Inputs, count_records, numbered
from dataselect.records import POSITION, Column, encoded, identity, parse, read

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray


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
    wanted = set(positions)
    found: list[bytes] = []
    for block in numbered(inputs.blocks()):
        lines = enumerate(block.data.split(b"\n"), start=block.first_line)
        filled = ((number, line) for number, line in lines if line.strip())
        for position, (number, line) in enumerate(filled, start=block.first_record):
            if position in wanted:
                own = identity().find(parse(line))
                found.append(encoded(f"{block.source}:{number}" if own is None else own))
    return found


def total_records(inputs: Inputs) -> int:
    """How many records there are, good or bad."""
    return sum(count_records(block.data) for block in inputs.blocks())


def sample_columns(
    inputs: Inputs, columns: Sequence[Column], size: int, rng: Generator, *, strict: bool
) -> list[list[Any]]:
    """Draw the values of `size` records without replacement, in input order.

    Each line gets a random key in the order of the input and the `size` lowest are kept, so the
    draw depends on nothing but `rng`. Holds at most 2 * `size` lines. A bad record that is drawn
    raises InputError if `strict`, else it is left out: the run that follows reports it.
    """
    import numpy as np

    keys = np.empty(0)
    drawn: list[Block] = []  # of one line each
    limit = np.inf
    blocks = inputs.blocks()
    for block in numbered(blocks) if POSITION in columns else blocks:
        lines = block.data.split(b"\n")[:-1]
        fresh = rng.random(len(lines))
        chosen = np.flatnonzero(fresh < limit)
        keys = np.concatenate((keys, fresh[chosen]))
        drawn += _single_lines(block, lines, chosen.tolist())
        if len(drawn) > 2 * size:
            keys, drawn, limit = _lowest(keys, drawn, size)
    _, drawn, _ = _lowest(keys, drawn, size)
    values: list[list[Any]] = [[] for _ in columns]
    for line in drawn:
        found = read(line, columns)
        if found.bad and strict:
            raise InputError(str(found.bad[0]))
        for kept, own in zip(values, found.columns, strict=True):
            kept.extend(own)
    return values


def sample_texts(
    inputs: Inputs, column: Column, size: int, rng: Generator, *, strict: bool
) -> list[str]:
    """Draw `size` texts as `sample_columns` does."""
    [texts] = sample_columns(inputs, [column], size, rng, strict=strict)
    return texts


def sample_like(texts: Sequence[str], inputs: Inputs, column: Column, rng: Generator) -> list[str]:
    """Draw as many words as `texts` have, in whole texts, up to twice as many of these."""
    drawn = sample_texts(inputs, column, 2 * len(texts), rng, strict=False)
    wanted = sum(len(text.split()) for text in texts)
    chosen: list[str] = []
    for place in rng.permutation(len(drawn)):
        if wanted <= 0:
            break
        chosen.append(drawn[place])
        wanted -= len(drawn[place].split())
    return chosen


def _single_lines(block: Block, lines: Sequence[bytes], chosen: Sequence[int]) -> list[Block]:
    """Some lines of a block as blocks of their own."""
    found = []
    position, start = block.first_record, 0
    for place in chosen:
        position += count_records(b"\n".join(lines[start:place]))
        start = place
        found.append(Block(block.source, block.first_line + place, lines[place] + b"\n", position))
    return found


def _lowest(
    keys: NDArray[np.float64], drawn: list[Block], size: int
) -> tuple[NDArray[np.float64], list[Block], float]:
    """The `size` lines of the lowest keys, in input order, and the key that a new one must beat."""
    import numpy as np

    if len(keys) <= size:
        return keys, drawn, np.inf
    lowest = np.sort(np.argpartition(keys, size)[:size])
    return keys[lowest], [drawn[i] for i in lowest], float(keys[lowest].max())

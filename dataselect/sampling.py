"""A uniform sample of the texts of a pool too large to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataselect.inputs import Block, Inputs
from dataselect.records import Column, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

_Line = tuple[str, int, bytes]  # file, line number, bytes


def sample_texts(inputs: Inputs, column: Column, size: int, rng: Generator) -> tuple[list[str], int]:
    """Draw `size` texts without replacement, in input order, and count the lines.

    Each line gets a random key in the order of the input and the `size` lowest are kept, so the
    draw depends on nothing but `rng`. Bad records that are drawn are left out: the run that
    follows reports them. Holds at most 2 * `size` lines.
    """
    import numpy as np

    keys = np.empty(0)
    drawn: list[_Line] = []
    limit, seen = np.inf, 0
    for block in inputs.blocks():
        lines = block.data.split(b"\n")[:-1]
        fresh = rng.random(len(lines))
        chosen = np.flatnonzero(fresh < limit)
        keys = np.concatenate((keys, fresh[chosen]))
        drawn += [(block.source, block.first_line + int(i), lines[i]) for i in chosen]
        seen += len(lines)
        if len(drawn) > 2 * size:
            keys, drawn, limit = _lowest(keys, drawn, size)
    _, drawn, _ = _lowest(keys, drawn, size)
    texts: list[str] = []
    for source, number, line in drawn:
        texts += read(Block(source, number, line + b"\n"), [column]).columns[0]
    return texts, seen


def _lowest(
    keys: NDArray[np.float64], drawn: list[_Line], size: int
) -> tuple[NDArray[np.float64], list[_Line], float]:
    """The `size` lines of the lowest keys, in input order, and the key that a new one must beat."""
    import numpy as np

    if len(keys) <= size:
        return keys, drawn, np.inf
    lowest = np.sort(np.argpartition(keys, size)[:size])
    return keys[lowest], [drawn[i] for i in lowest], float(keys[lowest].max())

"""What the scripts that pick records by their vectors share: each is given and prints the same.

    python SCRIPT.py VECTORS.npy POOL SIZE OUT

Prints the seconds of reading, and those of picking, similarities included; OUT gets the records
that were picked, in the order of picking.
"""

import sys
from collections.abc import Callable, Iterable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

Pick = Callable[[NDArray[np.float32], int], Iterable[int]]


def similarities(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, n) cosines of unit vectors; none below 0, where facility location is not monotone."""
    return np.maximum(vectors @ vectors.T, 0)


def main(pick: Pick) -> None:
    """Read, pick by `pick`, write."""
    vectors_file, pool, size, out = sys.argv[1:]
    start = perf_counter()
    vectors = np.load(vectors_file)
    with open(pool, "rb") as file:
        lines = file.readlines()
    read = perf_counter()
    picked = list(pick(vectors, int(size)))
    done = perf_counter()
    with open(out, "wb") as file:
        file.writelines(lines[position] for position in picked)
    print(read - start, done - read)

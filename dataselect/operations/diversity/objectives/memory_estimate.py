"""How much memory picking takes, told before it is taken."""

from __future__ import annotations

import os
import resource

from dataselect.errors import OptionError
from dataselect.operations.diversity.objectives.facility_location import MOST_DENSE, NEIGHBOURS

GIB = 1 << 30
_RECORD = 500  # its text, and what the queue holds of it
_CHARACTER = 8  # of its n-grams: a million records of 75 characters took 0.93 GiB in all
_NEIGHBOUR = 40  # in both directions, while these are joined
_COSINE = 4
_DETECTOR = 800 << 20  # of torch and a network: 10,000 records took 0.8 GiB in all


def of_features(characters: int, records: int) -> int:
    """Bytes to pick by n-grams from texts of so many characters."""
    return characters * _CHARACTER + records * _RECORD


def of_vectors(records: int, dimension: int) -> int:
    """Bytes to pick by vectors, in half precision."""
    return records * (2 * dimension + _RECORD)


def of_facility(records: int, dimension: int) -> int:
    """Bytes to pick by facility location, by all cosines or by those of neighbours."""
    cosines = _COSINE * records if records <= MOST_DENSE else _NEIGHBOUR * NEIGHBOURS
    return of_vectors(records, dimension) + records * cosines


def of_detector(records: int, dimension: int) -> int:
    """Bytes to pick by a paraphrase detector."""
    return _DETECTOR + of_vectors(records, dimension)


def available() -> int:
    """Bytes that this process may use: those of the machine, or of a lower limit."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return machine if limit == resource.RLIM_INFINITY else min(machine, limit)


def require(needed: int, most: int) -> None:
    """Raise OptionError if more bytes are `needed` than `most`."""
    if needed > most:
        raise OptionError(
            f"this takes about {needed / GIB:.1f} GiB of memory, and {most / GIB:.1f} GiB may be "
            "used; give fewer records, or a higher --max-memory"
        )

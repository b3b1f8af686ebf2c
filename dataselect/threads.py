"""How many threads numerical libraries start: one, unless the user says otherwise."""

from collections.abc import MutableMapping

_LIMIT = "OPENBLAS_NUM_THREADS"
_SET_BY_USERS = (_LIMIT, "GOTO_NUM_THREADS", "OMP_NUM_THREADS")  # in the order that OpenBLAS looks


def limit_threads(environment: MutableMapping[str, str]) -> None:
    """Let the linear algebra of NumPy and SciPy use one thread; to be called before they load.

    More threads cost processor time and gain next to none: the arrays are small. Torch and faiss
    (OpenMP) keep theirs: encoding and searching are large products, which threads do speed up.
    """
    if not any(name in environment for name in _SET_BY_USERS):
        environment[_LIMIT] = "1"

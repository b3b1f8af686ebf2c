"""How numerical libraries load: with one thread for linear algebra, and without needless parts."""

import sys
from collections.abc import MutableMapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_LIMIT = "OPENBLAS_NUM_THREADS"
_SET_BY_USERS = (_LIMIT, "GOTO_NUM_THREADS", "OMP_NUM_THREADS")  # in the order that OpenBLAS looks
_SELDOM_USED = {"numpy.f2py", "numpy.testing", "scipy.stats"}


def limit_threads(environment: MutableMapping[str, str]) -> None:
    """Let the linear algebra of NumPy and SciPy use one thread; to be called before they load.

    More threads cost processor time and gain next to none: the arrays are small. Torch and faiss
    (OpenMP) keep theirs: encoding and searching are large products, which threads do speed up.
    """
    if not any(name in environment for name in _SET_BY_USERS):
        environment[_LIMIT] = "1"


class _LazyFinder:
    """Finds modules that libraries seldom use, to be executed when something of theirs is used."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _SELDOM_USED:
            return None
        from importlib.util import LazyLoader

        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def leave_out_tools() -> None:
    """Load what is seldom used late.

    NumPy's tools for developers take half the time of loading SciPy, 0.1 s, which does so only to
    list them; SciPy's statistics half the time of loading scikit-learn, 0.6 s.
    """
    sys.meta_path.insert(0, _LazyFinder)

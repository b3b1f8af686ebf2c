"""What a limit on addresses (`ulimit -v`, `h_vmem` of batch systems) breaks, said in words.

OpenBLAS asks for a buffer at its first product and keeps it. Where it gets none, it asks again for
ever, or ends the process with a message of its own: so that product is made as soon as the library
is loaded, and only where there is room.
"""

from __future__ import annotations

import mmap
import resource
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_BUFFER_BYTES = 40 << 20  # OpenBLAS asks for 33 MB
_LIBRARY_BYTES = (85 << 20) + _BUFFER_BYTES  # NumPy takes 83 MiB, the linear algebra of SciPy 70


def prepare_for_a_limit() -> None:
    """Let NumPy and SciPy get their buffers when they are loaded, if addresses are limited.

    Importing them raises MemoryError then, where there is no room.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and not any(
        isinstance(finder, _Finder) for finder in sys.meta_path
    ):
        sys.meta_path.insert(0, _Finder())


def is_for_want_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory or addresses are used up: libraries that do not load do."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, ImportError | OSError | RuntimeError)
        and any(words in said for words in _WANTING)
    )


_WANTING = (
    "failed to map segment",
    "cannot allocate memory",
    "can't start new thread",
    "cannot create shared object",
)


def _require(size: int) -> None:
    """Raise MemoryError where there is no room for so many bytes in one piece."""
    try:
        mmap.mmap(-1, size).close()
    except (OSError, ValueError):
        raise MemoryError from None


def _numpy_product(numpy: Any) -> None:
    square = numpy.ones((_SIDE, _SIDE))
    square @ square


def _scipy_product(linalg: Any) -> None:
    import numpy as np

    square = np.ones((_SIDE, _SIDE), order="F")
    linalg.blas.dgemm(1.0, square, square)


_SIDE = 256  # smaller products do without the buffer
_PRODUCTS = {"numpy": _numpy_product, "scipy.linalg": _scipy_product}


class _Finder:  # no MetaPathFinder: importing that takes 15 ms of every start
    """Finds libraries as they are found otherwise, and has each make its product when loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _PRODUCTS:
            return None
        _require(_LIBRARY_BYTES)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = _then(load, _PRODUCTS[fullname])  # type: ignore[assignment, method-assign]
        return spec


def _then(
    load: Callable[[ModuleType], None], multiply: Callable[[Any], None]
) -> Callable[[ModuleType], None]:
    def both(module: ModuleType) -> None:
        load(module)
        _require(_BUFFER_BYTES)
        multiply(module)

    return both

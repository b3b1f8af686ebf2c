"""What models have in common: options in the constructor, and learnt state that ends in `_`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from dataselect.data.output_files import Outputs


class FittedModel(ABC):
    """A model that can be saved once it is fitted."""

    @abstractmethod
    def dumps(self) -> bytes:
        """The model as the bytes of a file, which the class's `load` reads."""

    def save(self, path: str) -> None:
        """Write the model to a file, which appears whole. Raises OutputError."""
        with Outputs({}) as outputs:
            outputs.open(path).write(self.dumps())

    def __getattr__(self, name: str) -> Any:
        """Raise AttributeError, which says of learnt state that `fit` is missing."""
        raise unfitted(self, name)


def unfitted(model: object, name: str) -> AttributeError:
    """What to raise for an attribute that is not there."""
    kind = type(model).__name__
    if name.endswith("_") and not name.startswith("_"):
        return AttributeError(f"{kind}.{name}: not fitted yet; call fit")
    return AttributeError(f"'{kind}' has no attribute '{name}'")

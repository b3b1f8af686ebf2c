"""ARPA files: back-off models as text, written and read."""

from dataselect.engines.arpa.reading import read
from dataselect.engines.arpa.writing import save, write

__all__ = ["read", "save", "write"]

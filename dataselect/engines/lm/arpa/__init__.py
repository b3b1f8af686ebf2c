"""ARPA files: back-off models as text, written and read."""

from dataselect.engines.lm.arpa.reading import BINARY, begins, read, read_order
from dataselect.engines.lm.arpa.writing import save, write

__all__ = ["BINARY", "begins", "read", "read_order", "save", "write"]

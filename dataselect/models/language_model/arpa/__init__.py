"""ARPA files: back-off models as text, written and read."""

from dataselect.models.language_model.arpa.arpa_file import BINARY, begins
from dataselect.models.language_model.arpa.arpa_reader import read, read_order
from dataselect.models.language_model.arpa.arpa_writer import save, write

__all__ = ["BINARY", "begins", "read", "read_order", "save", "write"]

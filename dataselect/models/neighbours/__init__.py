"""Nearest neighbours among vectors: exact, by an inverted file, as a graph."""

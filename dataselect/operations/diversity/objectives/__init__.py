"""Objectives of greedy selection, one a file."""

"""Greedy selection of records that differ: from what is labelled, and from each other."""

"""Candidates for synonyms among the values of a slot, and how probable each is."""

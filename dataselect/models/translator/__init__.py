"""Sequence-to-sequence models that translate texts to n-best lists."""

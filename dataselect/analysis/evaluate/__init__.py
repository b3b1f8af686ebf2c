"""Hypotheses measured against references."""

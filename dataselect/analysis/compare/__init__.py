"""Selections measured beside random ones of equal size and all of the pool."""

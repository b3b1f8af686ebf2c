"""Formats of translations: a record `src`, `tgt` for each pair."""

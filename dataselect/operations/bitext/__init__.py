"""Filtering of bilingual corpora by embedding distance, margin and rules."""

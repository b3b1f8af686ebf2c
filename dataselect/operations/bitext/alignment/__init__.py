"""Margin-based scores of aligned sentence pairs (Artetxe & Schwenk 2019)."""

"""Encoders: texts, or positions of records, as vectors."""

"""Formats of tables: a row is a record, and a column a field."""

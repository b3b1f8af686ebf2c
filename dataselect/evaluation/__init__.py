"""Hypotheses measured against references, and texts by language models: measured and shown."""

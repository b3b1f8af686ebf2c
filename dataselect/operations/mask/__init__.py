"""Typed placeholders for personal data in texts, which can be undone with a key or not at all."""

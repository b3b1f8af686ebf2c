"""Intents of unlabelled records, by a self-trained classifier."""

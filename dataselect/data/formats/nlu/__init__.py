"""Formats of annotated utterances: intents and slots."""

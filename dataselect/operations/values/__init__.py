"""Slot values: their synonyms and canonical forms, the slots of intents, and utterances made."""

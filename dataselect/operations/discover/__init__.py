"""Candidate new intents: groups of records that fit none of the known ones."""

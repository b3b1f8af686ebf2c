"""Slots of utterances, by a linear-chain conditional random field that knows the intent."""

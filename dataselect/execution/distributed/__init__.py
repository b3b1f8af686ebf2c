"""Runs over many shards on a distributed engine."""

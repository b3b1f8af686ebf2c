"""Diversity selection from many shards, in partitions."""

"""Which records to keep, given one score each."""

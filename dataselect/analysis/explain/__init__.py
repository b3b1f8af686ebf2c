"""Everything known of one record: which run kept or dropped it, and why."""

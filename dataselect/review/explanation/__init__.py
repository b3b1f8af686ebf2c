"""Everything known of one record: where it is, what runs did with it, and why."""

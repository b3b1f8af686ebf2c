"""Looking back at runs: what became of the records, and of a single one."""

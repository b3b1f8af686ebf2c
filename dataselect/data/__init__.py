"""Records in and out: files, compression, JSON lines, formats."""

"""What is counted while records are scored."""

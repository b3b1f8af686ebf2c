"""The run of one machine."""

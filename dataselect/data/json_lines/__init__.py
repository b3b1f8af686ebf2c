"""Records as lines of JSON: checked values, and bytes that stay as they are."""

"""Files as bytes: their names, what they hold, and blocks of their lines."""

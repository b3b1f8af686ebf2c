"""Names of persons, places and organizations in texts, found by a spaCy pipeline and Presidio."""

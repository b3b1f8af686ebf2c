"""Numbers of a record that speech and translation corpora are filtered by."""

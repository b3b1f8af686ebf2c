"""N-best lists of recognisers and translators: a record `id`, `nbest` for each list."""

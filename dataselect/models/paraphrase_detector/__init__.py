"""Whether two utterances say the same: training pairs, and the detector trained on them."""

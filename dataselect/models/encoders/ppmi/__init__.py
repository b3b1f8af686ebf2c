"""Word vectors learnt from how often words stand near each other."""

"""What is learnt from text and used by more than one operation."""

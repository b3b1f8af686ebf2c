"""How much a model tells of the text that it was trained on."""

"""How much models remember of what they were trained on."""

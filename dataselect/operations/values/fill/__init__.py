"""New utterances: templates with values that the slots have elsewhere."""

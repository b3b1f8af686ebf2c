"""Training data and exports of assistants: one document, or several, of intents."""

"""The manual: a Markdown file a topic, and the command that prints them."""

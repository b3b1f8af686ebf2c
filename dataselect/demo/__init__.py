"""Sample data of our own making, drawn from small grammars."""

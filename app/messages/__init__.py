"""Messages: what was said in a conversation, in order, and never edited."""

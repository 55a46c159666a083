"""Conversations: one user's alone, told by their messages."""

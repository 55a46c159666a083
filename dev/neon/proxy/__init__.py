"""Neon's proxy: who may come in, to which compute, and what goes wrong on the way."""

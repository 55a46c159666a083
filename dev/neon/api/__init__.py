"""Neon's API v2, as far as branches need it, over HTTP."""

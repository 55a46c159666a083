"""Health: whether the process lives, and whether its database can serve it."""

"""The purge: what was deleted long enough ago leaves for good."""

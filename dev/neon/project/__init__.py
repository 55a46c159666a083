"""A project's branches, endpoints and operations, and how they change."""

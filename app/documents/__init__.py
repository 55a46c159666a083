"""Documents: what a person writes, alone or with a team."""

"""Tasks: what a person means to do, alone or with a team."""

"""A Neon on the laptop: a real Postgres and PgBouncer behind what is particular about Neon."""

"""What Neon computes with: Postgres and PgBouncer, and the copies of data that they serve."""

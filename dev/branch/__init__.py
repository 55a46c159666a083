"""`thaw branch`: a Neon branch, and so a database, for each branch of the code."""

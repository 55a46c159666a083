"""`thaw lint`: looks at what no linter of Python reads, the migrations' SQL and the workflows."""

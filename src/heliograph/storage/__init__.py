"""PostgreSQL, the one truth: schema, statements and the only commits."""

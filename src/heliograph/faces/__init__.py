"""Translation between a caller and the services; no rule lives here."""

"""The HTTP API: iP.1's SMS API v2."""

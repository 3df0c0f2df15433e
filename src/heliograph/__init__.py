"""Heliograph: a self-hosted SMS platform that speaks iP.1's SMS API v2."""

__version__ = "0.1.0"

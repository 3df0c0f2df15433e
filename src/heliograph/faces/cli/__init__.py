"""The command line: translates between a person at a terminal (or a script) and the services."""

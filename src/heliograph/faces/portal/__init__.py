"""The user portal and the operator's console, in the browser."""

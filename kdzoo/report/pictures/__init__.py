"""The static pictures."""

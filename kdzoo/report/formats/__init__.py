"""The table in every format, and the verdict in sentences."""

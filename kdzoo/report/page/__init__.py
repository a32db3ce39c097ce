"""The report as a page, and what a notebook shows."""

"""The columns: each declared once, with how it is read, how it prints and where it is shown."""

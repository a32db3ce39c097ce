"""What the table says: its rows, and what the outcomes say of each."""

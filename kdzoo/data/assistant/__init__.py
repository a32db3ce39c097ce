"""The texts of the embedded dataset ``assistant``; CARD.md says how they were made."""

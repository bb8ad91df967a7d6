"""What the officer's documents say, as plain data: facts counted from events, read models and settings."""

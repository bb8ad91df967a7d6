"""What the hospital's identity systems say, verified."""

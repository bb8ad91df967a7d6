"""The hospital's own identity systems: what they say, verified, and what they are told."""

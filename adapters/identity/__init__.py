"""The hospital's identity provider."""

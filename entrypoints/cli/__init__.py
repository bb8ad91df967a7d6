"""The faceauth command."""

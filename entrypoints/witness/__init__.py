"""A witness that anybody can run: it keeps the checkpoints of a hospital's log, and needs nothing else of faceauth."""

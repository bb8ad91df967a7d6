"""Where checkpoints of the log go: witnesses, and time stamping authorities."""

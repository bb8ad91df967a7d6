"""Key rings, sealing, tokens and certificates."""

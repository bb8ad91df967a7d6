"""Where the outside comes in: composition root, settings, HTTP, CLI."""

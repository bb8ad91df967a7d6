"""In-memory twins of every port. They pass the same contract tests as the real adapters."""

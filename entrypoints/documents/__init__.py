"""The officer's documents: facts gathered, and laid out as reports for HTML and PDF."""

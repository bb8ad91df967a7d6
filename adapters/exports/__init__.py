"""Forms in which the history leaves the house, and the places it goes to."""

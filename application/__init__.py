"""Use cases, the ports they need and the projections of their events."""

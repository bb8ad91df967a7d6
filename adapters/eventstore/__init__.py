"""What every event store shares: allowed topics, serialisation, sealing of whole rows, reading back."""

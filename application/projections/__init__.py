"""Events to read-model changes, pure: no SQL, no clock, no random source."""

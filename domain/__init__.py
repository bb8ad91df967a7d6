"""Pure decisions: aggregates, values and policies. Imports nothing but the standard library, numpy and the event base."""

"""Pure decisions: aggregates, values and policies. Imports: standard library, numpy types, the event base."""

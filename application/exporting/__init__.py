"""The history, handed over: which events, in which form, and the proof that goes with them."""

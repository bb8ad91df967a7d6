"""Security events out: what is said (mapping), to whom (streams), and that it arrives (delivery)."""

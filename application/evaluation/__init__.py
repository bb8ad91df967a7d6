"""The instrument: how often the pipeline that serves is wrong, measured on given data."""

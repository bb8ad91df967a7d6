"""Reports that a person reads, prints and attaches: one HTML file each."""

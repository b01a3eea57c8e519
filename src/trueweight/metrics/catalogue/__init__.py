"""One file per family of metrics; each registers its own."""

"""One file per metric: one idea, and the quantiles or variants of it."""

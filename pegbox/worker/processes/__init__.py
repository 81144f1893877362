"""Child processes: their environment, their process groups, and what ends them."""

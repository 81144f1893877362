"""Foreign protocols that the monitor speaks: each turns its words into calls of runs, metrics and artifacts."""

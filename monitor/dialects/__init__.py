"""Foreign tracker protocols: their words in, calls of `monitor.runs`, `monitor.metrics` and `monitor.artifacts` out."""

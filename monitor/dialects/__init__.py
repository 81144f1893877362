"""Foreign tracker protocols, translated to calls of `monitor.runs`, `monitor.metrics` and `monitor.artifacts`."""

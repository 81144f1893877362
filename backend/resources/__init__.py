"""The machine, as the monitor last read it."""

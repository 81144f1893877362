"""Live streams: a hub with a topic per watched run, and ring buffers of encoded messages shared by all viewers."""

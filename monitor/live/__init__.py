"""Live streams: one hub, one ring of encoded messages per run and format, any number of viewers with a position in it."""

"""Workers: their presence, capabilities and current jobs."""

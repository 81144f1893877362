"""Says that the service is there, and what it is made of."""

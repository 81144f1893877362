"""Resources of the clients, one module each."""

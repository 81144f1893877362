"""Access to a service: hosts and origins, authentication, permissions, rate limits."""

"""Health and readiness of the backend."""

"""What both services do alike: errors, request ids, access, health."""

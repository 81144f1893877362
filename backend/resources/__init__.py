"""Current readings of GPUs and host."""

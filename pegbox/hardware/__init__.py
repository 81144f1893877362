"""Readings of this machine: GPUs through NVML, the host through psutil. Missing hardware is a value, not an error."""

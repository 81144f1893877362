"""Live metrics of jobs on the backend's port: the monitor's streams, passed through."""

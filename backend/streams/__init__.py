"""Live metrics of jobs: forwards the streams of the monitor on the port of the backend."""

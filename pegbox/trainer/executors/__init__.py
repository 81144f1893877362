"""Where a claimed job runs: today a child process on the worker's machine."""

"""Artifacts: files of runs, and their versions."""

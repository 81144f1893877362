"""Experiments: named groups of runs of jobs and scripts."""

"""Experiments: named groups of runs, of jobs and of scripts alike."""

"""Trains one job at a time: the worker claims it, a child process (the only one that loads torch) trains it."""

"""Runs jobs: the worker claims them; a child process (the only one that loads torch) trains, a process group runs a command."""

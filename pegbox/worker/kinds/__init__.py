"""The kinds of jobs that a worker executes, one module each, and their registry."""

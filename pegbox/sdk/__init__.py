"""The Python SDK: recording of runs, and the clients of the API. Needs two URLs and a token only."""

"""How other programs talk to Pegbox: runs and metrics, and the client of the main API. They need two URLs and a token."""

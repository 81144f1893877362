"""Pegbox inside other people's trainers and scripts, and clients for the trackers of others."""

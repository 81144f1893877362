"""Pegbox inside other people's trainers and scripts."""

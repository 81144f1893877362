"""Runs: announced by the SDK, listed and shown to everyone."""

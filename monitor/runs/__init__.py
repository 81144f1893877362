"""Runs: created by the SDK, listed and shown."""

"""Keeps the log small: compaction of batches, retention of points, free pages."""

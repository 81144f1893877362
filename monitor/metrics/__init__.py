"""Metric points: taken in, logged, read back as series.

ingest → writer → store (the log: the truth)          acknowledged after commit
              └─▶ history (arrays in memory, rebuilt from the log at any time) → buckets → series
"""

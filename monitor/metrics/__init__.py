"""Metric points: ingested, logged, read back as series.

ingest ──▶ log (source of truth; batches are acknowledged after the commit)
             ├──▶ series (arrays in memory, rebuilt from the log at any time) ──▶ export, charts
             ├──▶ monitor.live (streams)
             └──▶ maintenance (compaction, retention)
"""

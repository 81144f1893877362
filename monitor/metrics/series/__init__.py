"""The points of a run as series, bucketed for charts."""

"""File formats and checksums of other trackers."""

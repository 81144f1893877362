"""What dialects call the metrics that Pegbox draws; imported files are read with the same words."""

from pegbox.schemas.metric_names import OURS, our_name

__all__ = ["OURS", "our_name"]

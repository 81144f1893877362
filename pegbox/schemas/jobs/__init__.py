"""Jobs on the wire: requests, views, the queue."""

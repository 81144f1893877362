"""Who changed what: recorded around every request, read page by page."""

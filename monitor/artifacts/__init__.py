"""Files that runs keep."""

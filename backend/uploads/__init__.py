"""Files that arrive in pieces, survive a crash of either side, and wait to become something."""

"""What a command prints: kept in log files without secrets, its metric lines recorded."""

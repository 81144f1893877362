"""The output of commands: log files with masked secrets, and metric lines."""

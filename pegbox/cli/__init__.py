"""The command `pegbox`: one file per command; whatever is slow to import is imported when a command needs it."""

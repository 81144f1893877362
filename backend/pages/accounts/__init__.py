"""Sign-in, account, users, audit log."""

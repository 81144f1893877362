"""Signing in, accounts, users, the audit log."""

"""User accounts: users, logins and API tokens."""

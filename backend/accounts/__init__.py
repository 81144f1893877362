"""Who may come in: users, their logins and API tokens."""

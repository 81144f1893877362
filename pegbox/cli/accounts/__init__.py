"""Commands for users, tokens and signing in."""

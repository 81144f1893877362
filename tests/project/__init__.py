"""Checks of the repository itself: house rules, contracts, documents, deployment files."""

"""The audit log: a middleware records changes, admins read them."""

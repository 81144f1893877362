"""Who may do what, tried from the outside."""

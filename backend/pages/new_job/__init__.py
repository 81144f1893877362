"""The wizard for a new job, and the form for a new command."""

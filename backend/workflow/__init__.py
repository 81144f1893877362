"""The wizard's session: what is picked so far, and whether a job can be made of it."""

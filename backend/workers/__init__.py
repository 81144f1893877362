"""Workers: who has asked for work lately, and what they can run."""

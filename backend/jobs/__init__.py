"""Jobs: requests to train, their lifecycle, and what came of them."""

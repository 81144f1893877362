"""The worker: claims jobs over HTTP, runs each in processes of its own, and reports how they ended. Never imports torch."""

"""The worker: claims jobs over HTTP, executes each in processes of its own and reports the outcome. Never imports torch."""

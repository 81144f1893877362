"""The queue: workers claim jobs under a lease, keep it alive by heartbeats, and report how they ended."""

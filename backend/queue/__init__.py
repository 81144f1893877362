"""The queue: workers claim jobs under a lease, extend the lease by heartbeats, and report outcomes."""

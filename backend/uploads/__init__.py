"""Resumable uploads: files that clients send in pieces, with progress that survives crashes."""

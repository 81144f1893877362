"""The log of batches: written by one thread, packed, pruned, checked."""

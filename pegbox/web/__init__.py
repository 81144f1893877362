"""The parts that both services share: errors, request ids, access, metrics, liveness."""

"""GPU leases: which job holds which device."""
